import base64
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

import mathocr.pipeline
from mathocr.data.contracts import SCHEMA, Formula, ModelIdentity, PageResult
from mathocr.data.latex import pretty, problems, tokens_or_none
from mathocr.data.latex.canonical import _ACTIONS
from mathocr.data.latex.symbols import SYMBOLS
from mathocr.data.synthesis.tex import run_tex
from mathocr.pipeline import MathOCR, Options
from mathocr.pipeline.cli import main
from mathocr.pipeline.outputs import FORMAT_NAMES, get_format, page_name


def formula(latex, kind="inline", **fields):
    known = {"box": (10.0, 20.0, 60.0, 40.0), "score": 0.9, "tag": None, "confidence": 0.8, "valid": True}
    return Formula(**{**known, "kind": kind, "latex": latex, "stopped": "end", **fields})


@pytest.fixture
def result():
    formulas = (
        formula("a < b & c"),
        formula("\\frac{1}{2}\n  + x", "display", tag="(3.2)", box=(20.0, 60.0, 180.0, 90.0)),
        formula("\\frac{1", valid=False, stopped="length"),
    )
    models = {"detector": ModelIdentity("d", "0" * 64)}
    return PageResult("a_b<c>.png", 1, 200, 100, formulas, models, {"total": 12.0})


@pytest.fixture
def image():
    return np.full((100, 200, 3), 255, np.uint8)


def render(name, result, image, several=False):
    form = get_format(name)
    return form.head + form.page(result, image, page_name(result, 1), several) + form.foot


@pytest.fixture
def schema():
    path = Path(mathocr.pipeline.__file__).parent / "mathocr-1.schema.json"
    return json.loads(path.read_text())


def test_text_is_one_formula_a_line(result, image):
    assert render("text", result, image) == "a < b & c\n\\frac{1}{2} + x\n\\frac{1\n"
    assert render("text", result, image, several=True).splitlines()[0] == "a_b<c>.png\ta < b & c"


def test_mathml_is_an_element_a_line_and_an_merror_where_there_is_none(result, image):
    pytest.importorskip("latex2mathml")
    from xml.etree import ElementTree

    lines = render("mathml", result, image).splitlines()
    kinds = [ElementTree.fromstring(line).get("display") for line in lines]
    assert kinds == ["inline", "block", None] and "<mfrac>" in lines[1]
    assert lines[2].endswith("<merror><mtext>\\frac{1</mtext></merror></math>")
    assert render("mathml", result, image, several=True).startswith("a_b<c>.png\t<math")


@pytest.mark.parametrize(("format", "package"), [("mathml", "latex2mathml"), ("typst", "tylax")])
def test_a_form_without_its_package_stops_in_one_line_before_anything_is_read(monkeypatch, capsys, format, package):
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    monkeypatch.setattr(MathOCR, "load", lambda *args: pytest.fail("nothing is to be loaded"))
    page = Path(__file__).parents[2] / "examples" / "page.png"
    assert main(["predict", str(page), "--format", format]) == 1
    out, err = capsys.readouterr()
    expected = f'mathocr: error: {package} is not installed, and this format needs it: pip install "mathocr[formats]"\n'
    assert (out, err) == ("", expected)


def test_html_without_mathml_shows_the_latex(monkeypatch, result, image):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert "<code>\\frac{1}{2}\n  + x</code>" in render("html", result, image)


def test_typst_is_math_and_raw_latex_where_there_is_none(result, image):
    pytest.importorskip("tylax")
    text = render("typst", result, image)
    assert text.startswith("= a\\_b\\<c\\>.png\n\n$a < b") and "$ frac(1, 2) + x $" in text
    assert text.endswith('#raw("\\\\frac{1", lang: "latex")\n\n')


@pytest.mark.parametrize(
    ("latex", "typst"),
    [
        (r"\frac{1}{2}mv^2", "frac(1, 2)m v^(2)"),
        (r"\hbar", "ℏ"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 'mat(delim: "(", a, b ; c, d)'),
        (r"\foo{x}", None),
        (r"\frac{a", None),
        ("", None),
    ],
)
def test_typst_drops_nothing_in_silence(latex, typst):
    pytest.importorskip("tylax")
    from mathocr.pipeline.typst import to_typst

    assert to_typst(latex) == typst


def test_text_has_no_line_for_what_could_not_be_read(result, image):
    assert render("text", replace(result, formulas=(formula(""), formula("x"))), image) == "x\n"


def test_a_broken_formula_is_written_once_and_its_parts_know_each_other(result, image, schema):
    broken = replace(result, formulas=(formula("a + b"), formula("x"), formula("a + b", continues=0)))
    assert render("text", broken, image) == "a + b\nx\n"
    assert render("latex", broken, image).count("a + b") == render("markdown", broken, image).count("a + b") == 1
    record = json.loads(render("json", broken, image))
    jsonschema.validate(record, schema)
    assert [one["continues"] for one in record["formulas"]] == [None, None, 0]
    for one in record["formulas"]:  # as versions wrote it that did not know of broken lines
        del one["continues"]
    jsonschema.validate(record, schema)
    assert PageResult.from_json(record).formulas[2].continues is None


@pytest.mark.parametrize(
    ("tag", "command"),
    [("(3.2)", r"\tag{3.2}"), ("[7]", r"\tag*{[7]}"), ("(1), (2)", r"\tag*{(1), (2)}"), ("(*)", r"\tag{*}")],
)
def test_equation_numbers_are_printed_as_they_stood(result, image, tag, command):
    numbered = replace(result, formulas=(formula("x", "display", tag=tag),))
    assert f"x {command}\n" in render("latex", numbered, image) and f"x {command}\n" in render(
        "markdown", numbered, image
    )


def test_pages_of_a_file_are_numbered(result):
    assert page_name(replace(result, page=3), 7) == "a_b<c>.png#3"


def test_json_is_one_line_after_the_schema(result, image, schema):
    text = render("json", result, image)
    assert text.count("\n") == 1 and text.endswith("\n")
    record = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(record, schema)
    assert PageResult.from_json(record) == result
    assert schema["properties"]["schema"]["const"] == SCHEMA


def test_what_the_pipeline_gives_follows_the_schema(finder, reader, marked_page, schema):
    for mode in ("page", "crop"):
        result = MathOCR(finder, reader).predict(marked_page, Options(mode=mode))
        jsonschema.validate(json.loads(json.dumps(result.to_json())), schema)


@pytest.mark.parametrize(
    "damage",
    [
        *[{"page": 0}, {"mode": "book"}, {"schema": "mathocr/2"}, {"extra": 1}, {"timing_ms": {"total": -1}}],
        {"formulas": [{"latex": "x"}]},
    ],
)
def test_schema_refuses_other_records(result, schema, damage):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(json.dumps(result.to_json())), **damage}, schema)


def every_command():
    """Formulas that hold all commands of the tables, canonical and typeset by TeX."""
    for name in sorted({*SYMBOLS, *_ACTIONS}):
        if name.startswith("\\begin{"):
            tex = f"{name}{{c}}{{c}} x {name.replace('begin', 'end')}"
        elif name in ("\\hline", "\\cline"):
            tex = f"\\begin{{array}}{{c}}{name}{{1-1}} x\\end{{array}}"
        else:
            tex = f"{name}{{x}}{{y}} \\sum"  # the operator is for \sideset
        tokens = tokens_or_none(tex)  # None where a command needs something else behind it, such as a length
        if tokens is not None and not problems(tokens):
            yield pretty(tokens)


@pytest.mark.tex
def test_latex_document_has_every_command(tmp_path, result, image):
    latex = list(every_command())
    assert len(latex) > 600
    text = render("latex", replace(result, formulas=tuple(map(formula, latex))), image)
    assert [(message, text.splitlines()[line - 1]) for line, message in run_tex(text, tmp_path).errors] == []


def test_latex_document(result, image):
    text = render("latex", result, image)
    assert text.startswith("\\documentclass") and text.endswith("\\end{document}\n")
    assert "\\section*{a\\_b<c>.png}" in text and "$a < b & c$\n" in text
    assert "\\frac{1}{2} + x \\tag{3.2}\n\\end{equation*}" in text
    assert "\n% not valid: \\frac{1\n" in text


def test_markdown(result, image):
    text = render("markdown", result, image)
    assert text.startswith("## a\\_b\\<c\\>.png\n\n$a < b & c$\n\n$$\n\\frac{1}{2} + x \\tag{3.2}\n$$\n")
    assert "`\\frac{1` (not valid LaTeX)" in text


class Tags(HTMLParser):
    """Collects tags, and checks that they close in order."""

    VOID = ("meta", "img")

    def __init__(self):
        super().__init__()
        self.found, self.open, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_stands_alone_and_shows_every_formula(result, image):
    image[20:40, 10:60] = (255, 0, 0)
    text = render("html", result, image)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    rects = [attributes for tag, attributes in tags.found if tag == "rect"]
    assert [(r["x"], r["y"], r["width"], r["height"]) for r in rects][1] == ("18.0", "58.0", "164.0", "34.0")
    assert "a < b & c" in tags.text and "a_b<c>.png" in tags.text
    links = [a["href"] for tag, a in tags.found if tag == "a"]
    ids = [a["id"] for tag, a in tags.found if tag == "li"]
    assert links == [f"#{i}" for i in ids] and len(set(ids)) == 3
    sources = [a["src"] for tag, a in tags.found if tag == "img"]
    assert len(sources) == 4 and all(source.startswith("data:image/") for source in sources)
    assert not re.search(r"https?:", text) and "<script" not in text
    crop = cv2.imdecode(np.frombuffer(base64.b64decode(sources[1].partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert crop.shape == (24, 54, 3) and crop[10, 20, 2] > 200 and crop[10, 20, 0] < 60  # BGR: red stayed red
    assert "not valid LaTeX, cut off (length)" in text


def test_html_without_formulas(result, image):
    assert "no formulas" in render("html", replace(result, formulas=()), image)


@pytest.mark.parametrize("name", sorted(set(FORMAT_NAMES) - {"json", "html"}))
def test_a_formula_broken_over_two_lines_is_written_once(result, image, name):
    if name in ("mathml", "typst"):
        pytest.importorskip({"mathml": "latex2mathml", "typst": "tylax"}[name])
    parts = (formula("a + b"), formula("a + b", continues=0))
    alone = render(name, replace(result, formulas=parts[:1]), image)
    assert render(name, replace(result, formulas=parts), image) == alone


def test_unknown_format():
    with pytest.raises(ValueError, match="format must be text, json, latex, markdown, html, mathml, typst, got 'xml'"):
        get_format("xml")
    assert all(get_format(name).ending.startswith(".") for name in FORMAT_NAMES)


def test_names_are_text_in_every_format(result, image):
    name = "<img src=x onerror=alert(1)>_$*.png"
    assert render("markdown", replace(result, source=name), image).startswith(
        r"## \<img src=x onerror=alert(1)\>\_\$\*.png"
    )


@pytest.mark.tex
def test_titles_that_no_font_has_do_not_stop_latex(result, image, tmp_path):
    text = render("latex", replace(result, source="数学 ü \ufffd.png", formulas=()), image)
    run = run_tex(text, tmp_path, 60.0)
    assert run.pdf is not None and run.errors == []
