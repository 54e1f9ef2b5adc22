"""Values worked by hand, each with the glyphs (and rules) it counts."""

import json
from pathlib import Path

import pytest

from mathocr.data.synthesis import tex
from mathocr.data.synthesis.tex import TexMissing
from mathocr.im2latex.rendered import draw_all, render_scores

PAIRS = Path(__file__).parents[3] / "shared" / "benchmarks" / "metric_pairs"
ROWS = r"\begin{aligned}a&=b+c\\d&=e+f\\g&=h+i\end{aligned}"
BY_HAND = {
    # prediction, truth: right glyphs, glyphs of both
    (r"{\bf x}^2+\alpha\leq 3", r"\mathbf{x}^{2} + \alpha \le 3"): (6, 12),
    (r"x^{3}+y", r"x^{2}+y"): (3, 8),
    (r"2_2", r"2^2"): (1, 4),
    (r"22", r"2^2"): (1, 4),
    (r"y=2x+3z", r"y=2z+3x"): (5, 14),
    (r"x_{abc}+y", r"x^{abc}+y"): (4, 12),  # all but the two places where it leaves the line
    (r"\frac{b}{a}", r"\frac{a}{b}"): (1, 6),
    (r"\frac{a}{c}", r"\frac{a}{b}"): (2, 6),
    (r"\sqrt{ab}", r"\sqrt{a}b"): (3, 8),
    (r"\overline{ab}", r"\overline{a}b"): (2, 6),
    (r"\begin{aligned}a&=b+c\\g&=h+i\end{aligned}", ROWS): (10, 25),
    (r"\begin{aligned}a&=b+c\\d&=e+f\end{aligned}", ROWS): (10, 25),
    (r"\left(2\right)", r"\left(\frac{1}{2}\right)"): (2, 8),  # delimiters of another size, 2 not on its place
    (r"\sum_{i}^{n}i", r"\sum_{i=1}^{n}i"): (4, 10),
    (r"\hat{x}", r"\tilde{x}"): (1, 4),
    (r"\mathrm{x}", r"x"): (0, 2),
    (r"x^{yz}", r"x^{y^{z}}"): (2, 6),
}


@pytest.fixture(scope="module")
def scores():
    return dict(zip(BY_HAND, render_scores(BY_HAND, batch=7), strict=True))


@pytest.mark.tex
class TestTypeset:
    @pytest.mark.parametrize("pair", BY_HAND, ids=lambda pair: f"{pair[0]} for {pair[1]}")
    def test_by_hand(self, scores, pair):
        right, glyphs = BY_HAND[pair]
        assert scores[pair].cdm == pytest.approx(2 * right / glyphs)
        assert scores[pair].match == (2 * right == glyphs)
        assert scores[pair].pred_error is None and scores[pair].target_error is None

    def test_what_tex_refuses_is_counted(self):
        bad, empty, unknown = render_scores([(r"\frac{a}{b", "a"), ("", "a"), ("a", r"\nosuchcommand")])
        assert bad.cdm == 0 and bad.match is False and bad.pred_error
        assert empty.cdm == 0 and empty.pred_error == "empty"
        assert unknown.cdm is None and unknown.match is None
        assert "Undefined control sequence" in unknown.target_error

    def test_spaces_and_sizes_do_not_count(self):
        (score,) = render_scores([(r"a \quad \bigl( x \bigr)\,.", "a(x).")])
        assert score.match and score.cdm == 1

    def test_tall_delimiters_and_roots_are_one_mark_each(self):
        rows = r"\\".join("abcdef")
        tex = {
            name: rf"\left{name[0]}\begin{{matrix}}{rows}\end{{matrix}}\right{name[1]}" for name in ("()", "[]", "|.")
        }
        tex["ceil"] = rf"\left\lceil\begin{{matrix}}{rows}\end{{matrix}}\right\rfloor"
        tex["brace"] = rf"\left\{{\begin{{matrix}}{rows}\end{{matrix}}\right\}}"
        tex["root"] = rf"\sqrt{{\begin{{matrix}}{rows}\end{{matrix}}}}"
        drawings = draw_all(tex.values())
        marks = {key: [n for n in drawings[text].names if " " not in n] for key, text in tex.items()}
        assert marks == {
            "()": ["(", ")"], "[]": ["[", "]"], "|.": ["|"], "ceil": ["⌈", "⌋"], "brace": ["{", "}"],
            "root": ["√", "rule"],
        }  # fmt: skip

    def test_all_sizes_of_a_delimiter_are_the_same_mark(self):
        ways = [rf"\{size}%s x" for size in ("big", "Big", "bigg", "Bigg")]
        ways += [r"\left%s x \right.", r"\left%s \begin{matrix}x\\x\\x\\x\\x\\x\end{matrix} \right."]
        names = r"( ) [ ] \{ \} | / \lfloor \rfloor \lceil \rceil \langle \rangle \backslash \Vert \uparrow \Uparrow"
        texts = {name: [way % name for way in ways] for name in names.split()}
        drawings = draw_all(tex for sizes in texts.values() for tex in sizes)
        marks = {name: {drawings[tex].names[0] for tex in sizes} for name, sizes in texts.items()}
        assert all(len(found) == 1 for found in marks.values()), marks
        assert len(set.union(*marks.values())) == len(texts), marks

    def test_drawing_by_hand(self):
        drawing = draw_all([r"\frac{a}{b}x_2"])[r"\frac{a}{b}x_2"]
        assert drawing.names == ("a CMMI 10", "rule", "b CMMI 10", "x CMMI 10", "2 CMR 7")
        a, bar, b, x, two = drawing.boxes
        assert a[3] < bar[1] < bar[3] < b[1]  # y goes down
        assert bar[0] <= a[0] and a[2] <= bar[2] < x[0] < two[0]  # x to the right
        assert (drawing.boxes[:, 2:] > drawing.boxes[:, :2]).all()
        assert drawing.baselines[0] < drawing.baselines[3] < drawing.baselines[4] < drawing.baselines[2]
        assert drawing.baselines[1] == pytest.approx(drawing.baselines[3], abs=0.05)  # the bar is on the axis
        assert drawing.ems.tolist() == pytest.approx([9.963, 9.963, 9.963, 9.963, 6.974], abs=0.001)

    @pytest.mark.shared
    @pytest.mark.skipif(not PAIRS.is_dir(), reason=f"published pairs missing ({PAIRS})")
    def test_published_pairs(self):
        pairs = {}
        for path in sorted(PAIRS.glob("*.json")):
            rows = [(row["pred"], row["gt"]) for row in json.loads(path.read_text(encoding="utf-8"))]
            pairs[path.stem] = list(render_scores(rows))
            assert len(pairs[path.stem]) == len(rows)
            assert all((score.cdm is None) == (score.target_error is not None) for score in pairs[path.stem])
            assert all(score.cdm is None or 0 <= score.cdm <= 1 for score in pairs[path.stem])
        signs, letters, parts = (score.cdm for score in pairs["cdm_example"])
        assert letters == pytest.approx(5 / 7)  # 2x + 3z for 2z + 3x
        assert signs == pytest.approx(2 * 15 / 36)  # of 18 glyphs + for a plus-minus, 1 and 2 exchanged
        assert 0.5 < parts < 1


def test_without_tex_it_says_so(monkeypatch):
    monkeypatch.setattr(tex.shutil, "which", lambda name: None)
    with pytest.raises(TexMissing, match="TeX is not installed"):
        list(render_scores([("x", "y")]))
