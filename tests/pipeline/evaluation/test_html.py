"""The HTML page: what it holds, and in headless Chromium that it opens without an error and its filter works."""

import html
import json
import re
import shutil
import subprocess
from functools import partial
from xml.etree import ElementTree

import numpy as np
import pytest

from mathocr.data.samples import CropSample, PageSample
from mathocr.pipeline.evaluation.gallery import Case, crop_cases, pick
from mathocr.pipeline.evaluation.html_report import to_html
from mathocr.pipeline.evaluation.markdown import to_markdown
from mathocr.pipeline.evaluation.markdown_html import markdown_to_html
from mathocr.pipeline.evaluation.plots import as_file, bar_plot, frontier_plot, grid, line_plot
from mathocr.pipeline.evaluation.region_errors import judge_regions
from mathocr.pipeline.evaluation.report import summarise
from mathocr.pipeline.evaluation.selection import Selection
from mathocr.pipeline.evaluation.text_scores import score_tokens
from mathocr.pipeline.mathml import mathml

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = r"\text{<img src=x onerror=alert(1)>}"


def crop(row, target, read, confidence, kind="inline"):
    return {
        "row": row, "where": f"set: formula {row}", "kind": kind, "source": "book", "tex": " ".join(target),
        "target": target, "unknown": [], "latex": " ".join(read), "tokens": read,
        "token_confidences": [confidence] * len(read), "confidence": confidence, "valid": True, "stopped": "end",
        "ms": 3.0, "canonical": score_tokens(read, target), "plain": score_tokens(read, target),
    }  # fmt: skip


CROPS = [
    crop(0, ["x"], ["x"], 0.9), crop(1, ["a", "+", "b"], ["a", "-", "b"], 0.8, "display"),
    crop(2, ["y", "z"], ["y"], 0.3), crop(3, [EVIL], [EVIL], 0.1),
]  # fmt: skip
TARGETS = [{"box": [10, 10, 30, 20], "kind": "inline", "tex": "x", "tokens": ["x"]},
           {"box": [50, 10, 90, 20], "kind": "inline", "tex": "y", "tokens": ["y"]}]  # fmt: skip
PAGE = {
    "row": 0, "where": "set: page 0", "source": "book", "size": [60, 100], "ms": {"detector": 2.0}, "targets": TARGETS,
    "regions": [{"box": [10, 10, 30, 20], "kind": "inline", "score": 0.9, "kept": True},
                {"box": [10, 40, 30, 50], "kind": "display", "score": 0.8, "kept": True}],
    "crops": CROPS,
}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    """A report with crops and a page, as a file."""
    made = {"commit": "0" * 12, "date": "today", "processor": "p", "accelerator": None, "cores": 1, "threads": "1",
            "device": "cpu", "backend": "onnx", "python": "3", "versions": {}, "system": "s"}  # fmt: skip
    report = {
        "data": {"name": "set", "format": "shards", "content": "pages", "size": 1, "evaluated": 1},
        "models": {}, "environment": made, **summarise([PAGE], "pages"),
        "robustness": {"im2latex": {"samples": 4, "sweeps": {"blur": {"unit": "px", "levels": [
            {"level": 0.0, "formulas": 4, "exact_match": 0.5, "edit_similarity": 0.7, "bleu": 3.0, "failed": 0},
            {"level": 1.0, "formulas": 3, "exact_match": 0.2, "edit_similarity": None, "bleu": 3.0, "failed": 1}]},
            "font": {"unit": "", "levels": [
            {"level": "times", "formulas": 4, "exact_match": 0.25, "edit_similarity": 0.7, "bleu": 3.0, "failed": 0}]},
        }}},
    }  # fmt: skip
    cases = [Case("worst", record, np.full((20, 40, 3), 255, np.uint8)) for record in CROPS[:3]]
    cases.append(Case("random", CROPS[3], None))
    text = to_html(report, to_markdown(report), cases, [("worst", PAGE, np.full((60, 100), 255, np.uint8))])
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_stands_alone(page):
    text = page.read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', text) and "url(" not in text and "@import" not in text
    places = [text.index(f"id={part}") for part in re.findall(r'href="#(\w+)"', text)]
    assert len(places) == 4 and places == sorted(places) and text.index("in short") < places[0]
    assert "<img src=x" not in text.replace("&lt;", "") and text.count("<article") == 4
    assert "Robustness: im2latex" in text and "Reliability" in text and "Detector at IoU 0.5" in text
    assert '<span class="token wrong" style="--c:0.8" title="0.800">-</span> <del>+</del>' in text
    assert 'class="v-missed true" x="50"' in text and 'class="v-false found" x="10" y="40"' in text


PROBE = """
<script>window.problems = []; window.addEventListener("error", (e) => window.problems.push(e.message));
const complain = console.error; console.error = (...all) => { window.problems.push(all.join(" ")); complain(...all); };
</script>"""
STEPS = """
<script>
const shown = () => [...document.querySelectorAll(".case:not([hidden])")].map((c) => c.dataset.edit).join(",");
const set = (id, value) => { const e = document.getElementById(id); e.value = value;
  e.dispatchEvent(new Event("input", {bubbles: true})); };
const found = {all: shown(), count: document.getElementById("shown").textContent};
set("outcome", "wrong"); found.wrong = shown();
set("sort", "edit"); found.sorted = shown();
set("kind", "display"); found.display = shown();
set("kind", ""); set("outcome", ""); set("search", "SET: FORMULA 2"); found.search = shown();
set("search", "nowhere"); found.none = document.getElementById("shown").textContent;
const box = document.querySelector("#verdicts input[data-verdict=v-missed]"); box.click();
found.missed = getComputedStyle(document.querySelector("rect.v-missed")).display;
found.right = getComputedStyle(document.querySelector("rect.v-right")).display;
found.math = document.querySelectorAll(".case math").length;
found.problems = window.problems;
const out = document.createElement("pre"); out.id = "found"; out.textContent = JSON.stringify(found);
document.body.append(out);
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
def test_the_page_in_a_browser(page, tmp_path):
    text = page.read_text().replace("<head>", "<head>" + PROBE, 1).replace("</body>", STEPS)
    probe = tmp_path / "probe.html"
    probe.write_text(text, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--enable-logging=stderr", "--dump-dom", probe.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)[1]))
    assert found == {
        "all": "1.0,0.666667,0.5,1.0", "count": "4 of 4 shown", "wrong": "0.666667,0.5", "sorted": "0.5,0.666667",
        "display": "0.666667", "search": "0.5", "none": "0 of 4 shown", "missed": "none", "right": "inline",
        "math": 6, "problems": [],
    }  # fmt: skip


def test_mathml_is_drawn_and_harmless():
    assert "<mfrac>" in mathml(r"{1 \over 2}")
    assert "<mtable" in mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}")
    for tex in ("{ x", EVIL, r"\text{</code><script>alert(1)</script>}"):
        text = mathml(tex)
        assert text.startswith("<code>") and "<img" not in text and "<script" not in text


def test_markdown_in_html():
    text = markdown_to_html(
        "# A <b>\n\nline `x|y`\nmore **bold**\n\n| a | b |\n|---|---:|\n| `\\|` | pass |\n\n- one\n- two\n"
    )
    assert text.split("\n") == [
        "<h1>A &lt;b&gt;</h1>",
        "<p>line <code>x|y</code> more <b>bold</b></p>",
        "<div class=wide><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>"
        '<tr><td><code>|</code></td><td class="pass">pass</td></tr></tbody></table></div>',
        "<ul><li>one</li><li>two</li></ul>",
    ]


def test_frontier_leaves_out_what_another_model_beats():
    models = [("slow", 20.0, 0.9, 4.0), ("fast", 5.0, 0.7, 1.0), ("beaten", 10.0, 0.6, 4.0)]
    root = ElementTree.fromstring(frontier_plot("T", "exact", models))
    found = {c[0].text.split(":")[0]: c.attrib for c in root.iter("circle")}
    assert float(found["fast"]["cx"]) < float(found["beaten"]["cx"]) < float(found["slow"]["cx"])
    assert float(found["slow"]["cy"]) < float(found["fast"]["cy"]) < float(found["beaten"]["cy"])
    assert float(found["fast"]["r"]) < float(found["slow"]["r"]) == float(found["beaten"]["r"])
    (line,) = root.iter("polyline")
    assert line.get("points").split() == [f"{found[n]['cx']},{found[n]['cy']}" for n in ("fast", "slow")]


def test_plots_put_x_across_and_y_up():
    root = ElementTree.fromstring(line_plot("T <", "x", "y", {"a": [(0.0, 0.0), (10.0, 1.0)]}, diagonal=True))
    (low, high) = [[float(c.get(key)) for key in ("cx", "cy")] for c in root.iter("circle")]
    assert high[0] > low[0] + 200 and high[1] < low[1] - 100
    bars = ElementTree.fromstring(bar_plot("T", [("whole", 1.0, "1"), ("half", 0.5, ".5"), ("none", None, "-")]))
    widths = [float(rect.get("width")) for rect in bars.iter("rect")]
    assert widths[1] == pytest.approx(widths[0] / 2) and widths[2] == 0
    ElementTree.fromstring(line_plot("no points", "x", "y", {"a": []}))


def test_plots_in_a_grid_do_not_cover_each_other():
    plots = [line_plot(f"plot {n}", "x", "y", {"a": [(0.0, 0.5), (1.0, 1.0)]}, size=(300, 200)) for n in range(3)]
    plots.append(bar_plot("bars", [("one", 0.5, "")] * 12, width=300))
    root = ElementTree.fromstring(grid("all", plots, 3))
    places = [[float(one.get(key)) for key in ("x", "y", "width", "height")] for one in root.findall("svg")]
    assert [place[:2] for place in places[:3]] == [[0, 24], [300, 24], [600, 24]]
    assert places[3][:2] == [0, 230] and root.get("viewBox") == f"0 0 900 {230 + places[3][3] + 6:.0f}"


def test_a_plot_as_a_file_stands_alone():
    root = ElementTree.fromstring(as_file(line_plot("T", "x", "y", {"a": [(0.0, 0.5)]}, size=(300, 200))))
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and (root.get("width"), root.get("height")) == ("300", "200")
    assert root[0].get("fill") == "#fff"


def test_long_lines_have_no_marks_and_ticks_are_where_asked():
    plot = line_plot("T", "x", "y", {"a": [(n / 99, 0.5) for n in range(100)]}, ticks=(0.0, 0.5))
    assert "<circle" not in plot and ">0.25<" in plot and plot.count(">0.75<") == 1  # of the y axis alone


def test_worst_and_random_cases():
    found = pick(((badness, badness) for badness in range(1000)), 3, 5)
    assert [item for group, item in found if group == "worst"] == [999, 998, 997]
    drawn = [item for group, item in found if group == "random"]
    assert len(set(drawn)) == 5 and drawn == sorted(drawn) and not set(drawn) & {999, 998, 997} and drawn[-1] > 500
    assert found == pick(((badness, badness) for badness in range(1000)), 3, 5)
    assert pick([(1.0, "a"), (2.0, "b")], 5, 5) == [("worst", "b"), ("worst", "a")]


def test_cases_have_their_own_images():
    def image(value):
        return np.full((30, 30), value, np.uint8)

    crops = [CropSample(partial(image, n), "x", None, "s", "w") for n in range(4)]
    selection = Selection("s", "jsonl", "crops", crops, (0, 1, 2, 3), "s")
    cases = crop_cases(((record["row"], record) for record in CROPS), selection)
    assert [int(case.image[0, 0]) for case in cases] == [case.record["row"] for case in cases]
    assert [case.record["row"] for case in cases] == [2, 1, 3, 0]  # least similar first, right ones last
    boxes = np.array([[0, 0, 5, 5], [10, 20, 20, 28]], float)
    pages = [PageSample(partial(image, 7), boxes, ("inline",) * 2, ("x", "y"), "s", "w")]
    selection = Selection("s", "shards", "pages", pages, (0,), "s")
    ((case,), gone) = crop_cases([("0:1", CROPS[0])], selection), crop_cases([("5:1", CROPS[0])], selection)
    assert case.image.shape == (12, 14) and gone[0].image is None  # margin of 2 on each side


BOX = {"kind": "inline"}


@pytest.mark.parametrize(
    "found, targets, of_found, of_targets",
    [
        ([[0, 0, 10, 10]], [[0, 0, 10, 10]], ["right"], ["right"]),
        ([[0, 0, 10, 10]], [[50, 0, 60, 10]], ["false"], ["missed"]),
        ([[0, 0, 40, 10]], [[0, 0, 15, 10], [20, 0, 35, 10]], ["merged"], ["merged"] * 2),
        ([[0, 0, 15, 10], [20, 0, 35, 10]], [[0, 0, 40, 10]], ["split"] * 2, ["split"]),
        ([[0, 0, 10, 10]], [[6, 0, 16, 10]], ["misplaced"], ["misplaced"]),
        ([], [[0, 0, 1, 1]], [], ["missed"]),
        ([[0, 0, 1, 1]], [], ["false"], []),
    ],
)
def test_errors_of_regions(found, targets, of_found, of_targets):
    rows = [[{"box": box, **BOX} for box in boxes] for boxes in (found, targets)]
    assert judge_regions(*rows) == (of_found, of_targets)


def test_a_wrong_kind_is_its_own_error():
    box = [0, 0, 10, 10]
    verdicts = judge_regions([{"box": box, "kind": "display"}], [{"box": box, "kind": "inline"}])
    assert verdicts == (["wrong kind"], ["wrong kind"])
