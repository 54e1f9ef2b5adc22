import pytest

from mathocr.data.formats import FormatError, load_crops


def test_csv_with_quotes_and_line_breaks(tmp_path, picture):
    picture(tmp_path / "a.png")
    text = 'Image, Formula ,kind\na.png,"f(x, y)\n= ""1""",inline\nb.png,x,\n'
    (tmp_path / "set.csv").write_text(text, encoding="utf-8-sig")
    first, second = load_crops(tmp_path)
    assert (first.tex, first.kind, first.where) == ('f(x, y)\n= "1"', "inline", f"{tmp_path}/set.csv:3")
    assert (second.tex, second.kind, second.where) == ("x", None, f"{tmp_path}/set.csv:4")
    assert first.load().shape[:2] == (20, 60)


def test_tabs(tmp_path):
    (tmp_path / "set.tsv").write_text("file_name\tlatex\na.png\t(a, b)\n")
    assert [crop.tex for crop in load_crops(tmp_path)] == ["(a, b)"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("image,latex\na.png,f(x, y)\n", ":2",
         "the row has not as many columns as the header; quote fields that hold separators"),
        ("image,latex\na.png\n", ":2",
         "the row has not as many columns as the header; quote fields that hold separators"),
        ("image,answer\na.png,x\n", ":2",
         "no field for the LaTeX: one of latex, tex, formula, equation, label, text; it has image, answer"),
        ("image,latex,kind\na.png,x,table\n", ":2", "kind must be 'inline' or 'display', got 'table'"),
    ],
)  # fmt: skip
def test_bad_tables(tmp_path, text, place, message):
    (tmp_path / "set.csv").write_text(text)
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)
    assert str(error.value) == f"{tmp_path}/set.csv{place}: {message}"


def test_not_utf8(tmp_path):
    (tmp_path / "set.csv").write_bytes(b"image,latex\na.png,\xe9\n")
    with pytest.raises(FormatError, match=r"set\.csv: not UTF-8 text$"):
        load_crops(tmp_path)
