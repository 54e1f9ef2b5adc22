"""Pieces become one formula, aligned as the rows stand."""

import pytest

from mathocr.im2latex.pieces import JOINTS, Box, Columns, Line, Matrix, Piece, Rows, Script, Sign


def rows(lefts, rights, equals):
    """Rows at these places, of type of 10 pt at 72 dpi."""
    pieces = [Piece(Box(x0, 20 * n, x1, 20 * n + 10)) for n, (x0, x1) in enumerate(zip(lefts, rights, strict=True))]
    return Rows(pieces, list(zip(lefts, rights, strict=True)), equals, 1.0)


def joined(layout, *texts):
    return " ".join(token for token, _ in layout.joined([text.split() for text in texts]))


@pytest.mark.parametrize(
    ("layout", "texts", "expected"),
    [
        (rows([10, 40], [80, 90], [[40], [40]]), ["x = 1", "= 2"], r"x & = 1 \\ & = 2"),
        (rows([10, 40], [80, 90], [[40], []]), ["x = 1", r"\leq 2"], r"x & = 1 \\ & \leq 2"),
        (rows([0, 30], [80, 90], [[30], []]), ["x : = 1", "+ y"], r"x & : = 1 \\ & + y"),
        (rows([0, 0], [80, 60], [[30], [50]]), ["x = 1", "a b = 2"], r"& x = 1 \\ & a b = 2"),
        (rows([0, 0], [80, 60], [[30], []]), ["x = 1", "a b"], r"& x = 1 \\ & a b"),
        (rows([0, 20], [80, 80], [[30], [70]]), ["x = 1", "y = 2"], r"x = 1 \\ y = 2"),
        (rows([20, 0], [80, 60], [[], [0]]), ["x y", "= 2"], r"& x y \\ = & 2"),
        (rows([0, 25], [80, 70], [[40, 60], [60]]), ["x = y = 1", "z = 2"], r"x = y & = 1 \\ z & = 2"),
    ],
)  # fmt: skip
def test_rows_are_aligned_at_what_stands_in_line(layout, texts, expected):
    assert joined(layout, *texts) == rf"\begin{{aligned}} {expected} \end{{aligned}}"


def test_centred_rows_are_gathered():
    layout = rows([0, 20], [80, 60], [[30], [50]])
    assert joined(layout, "x = 1", "y = 2") == r"\begin{gathered} x = 1 \\ y = 2 \end{gathered}"


def test_columns_are_aligned_each_at_its_own_marks_and_keep_their_rows():
    columns = Columns(
        [rows([10, 40], [80, 90], [[40], [40]]), rows([150, 160], [190, 190], [[170], [170]])], [[0, 1], [1, 2]]
    )
    texts = ["x = 1", "= 2", "u = 3", "v = 4"]
    assert joined(columns, *texts) == r"\begin{aligned} x & = 1 \\ & = 2 & u & = 3 \\ & & v & = 4 \end{aligned}"
    assert [at for _, at in columns.joined([text.split() for text in texts]) if at >= 0] == [*range(8), *range(8, 11)]
    assert joined(columns, "x = 1", "", "", "v = 4") == r"\begin{aligned} x & = 1 \\ & & v & = 4 \end{aligned}"
    assert joined(columns, "", "", "", "") == ""
    assert joined(columns, "", "", "u = 3", "v = 4") == r"\begin{aligned} u & = 3 \\ v & = 4 \end{aligned}"
    assert [at for _, at in columns.joined([[], [], ["u", "=", "3"], ["v"]]) if at >= 0] == [*range(4)]


def test_a_row_in_which_nothing_was_read_is_left_out():
    layout = rows([0, 20, 0], [80, 60, 90], [[], [], []])
    assert joined(layout, "a", "", "b") == r"\begin{aligned} & a \\ & b \end{aligned}"
    assert joined(layout, "a", "", "") == "a"


def test_tokens_keep_their_numbers():
    a, b, c = (Piece(Box(n, 0, n + 1, 1)) for n in range(3))
    layout = Line([a, Matrix("pmatrix", [[b, None], [None, Sign(r"\vdots")], [None, None]]), Script("^", c)])
    numbered = layout.joined([["x", "="], ["1"], ["2"]])
    assert " ".join(token for token, _ in numbered) == r"x = \begin{pmatrix} 1 \\ & \vdots \\ \end{pmatrix} ^ { 2 }"
    assert [number for _, number in numbered if number >= 0] == [0, 1, 2, 3]


def test_rows_read_together_are_spliced_where_marks_may_be():
    inner = r"\begin{aligned} x & = 1 \\ y & = 2 \end{aligned}"
    aligned = joined(rows([10, 40], [80, 90], [[], [40]]), inner, "= 2")
    assert aligned == r"\begin{aligned} x & = 1 \\ y & = 2 \\ & = 2 \end{aligned}"
    assert joined(rows([0, 20], [80, 60], [[], []]), inner, "z") == rf"\begin{{gathered}} {inner} \\ z \end{{gathered}}"


def test_joints_are_all_that_is_not_read():
    piece = Piece(Box(0, 0, 1, 1))
    layout = Rows(
        [Line([Matrix("vmatrix", [[piece, Sign(",")], [piece]]), Script("_", piece)]), piece],
        [(0, 9), (0, 9)],
        [[], []],
        1.0,
    )
    assert {token for token, number in layout.joined([["x"]] * 4) if number < 0} <= JOINTS
    assert {r"\ldots", r"\cdots", r"\ddots", r"\vdots", ".", ","} <= JOINTS
