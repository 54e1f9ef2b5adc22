import numpy as np
import pytest

from mathocr.data.formats import FormatError, load_crops
from mathocr.data.formats.crohme import MARGIN, STROKE_SIZE, draw_strokes

INKML = """<ink xmlns="http://www.w3.org/2003/InkML">
<traceFormat><channel name="X" type="decimal"/><channel name="Y" type="decimal"/></traceFormat>
<annotation type="writer">w1</annotation>
{truth}
<trace id="0">{first}</trace>
<trace id="1">
50 0 7 , 50 100 8</trace>
<traceGroup xml:id="2"><annotation type="truth">Segmentation</annotation></traceGroup>
</ink>"""
TRUTH = '<annotation type="truth"> $1 + x$ </annotation>'


def write(path, truth=TRUTH, first="0 50, 100 50"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(INKML.format(truth=truth, first=first))
    return path


def test_reads_truth_and_draws_strokes(tmp_path):
    write(tmp_path / "train" / "a.inkml")
    write(tmp_path / "train" / "b.inkml", TRUTH.replace("truth", "label"))
    crops = load_crops(tmp_path)
    assert [crop.tex for crop in crops] == ["$1 + x$", "$1 + x$"]
    assert crops[0].where == f"{tmp_path}/train/a.inkml" and crops[0].source == "train"
    image = crops[0].load()
    side = STROKE_SIZE + 2 * MARGIN
    assert image.shape == (side, side) and image.dtype == np.uint8
    centre = side // 2
    assert image[centre, MARGIN + 2 : side - MARGIN - 2].max() < 60  # the level stroke
    assert image[MARGIN + 2 : side - MARGIN - 2, centre].max() < 60  # the upright stroke
    assert image[MARGIN + 5, MARGIN + 5] == 255 and set(np.unique(image)) - {0, 255}  # anti-aliased


def test_wide_writing_keeps_its_shape_and_dots_are_drawn():
    dash, dot = np.array([[0.0, 0.0], [20.0, 0.0]]), np.array([[40.0, 10.0]])
    image = draw_strokes([dash, dot])
    assert image.shape == (20 + 2 * MARGIN, 80 + 2 * MARGIN)  # 40 x 10 units, doubled
    assert image[MARGIN + 20, MARGIN + 80] < 60


def test_one_dot_alone():
    image = draw_strokes([np.array([[3.0, 4.0]])])
    assert image.shape == (2 * MARGIN, 2 * MARGIN) and image.min() < 60


@pytest.mark.parametrize(
    ("truth", "first", "message"),
    [
        ("", "0 0, 1 1", "no annotation of type truth or normalizedLabel or label with the LaTeX"),
        (TRUTH, "0 0, zero 1", "a trace must be 'x y, x y, ...', got '0 0, zero 1'"),
        (TRUTH, "0 0, 1", "a trace must be 'x y, x y, ...', got '0 0, 1'"),
    ],
)
def test_bad_files(tmp_path, truth, first, message):
    path = write(tmp_path / "a.inkml", truth, first)
    with pytest.raises(FormatError) as error:
        load_crops(path)[0].load()
    assert str(error.value) == f"{path}: {message}"


def test_not_xml_and_nothing_there(tmp_path):
    (tmp_path / "a.inkml").write_text("ink")
    with pytest.raises(FormatError, match=r"a\.inkml: not XML: syntax error: line 1, column 0$"):
        load_crops(tmp_path / "a.inkml")[0]
