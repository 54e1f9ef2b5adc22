"""Pages that are images are drawn at the size that the detector reads them at, with boxes on their formulas."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mathocr.data.formats import FormatError
from mathocr.detector.datamodule import PageDataModule
from mathocr.detector.page_sets import PageSource
from mathocr.detector.prepare import NEAR, TEXT_HEIGHT, ink_of, text_height

BOX = (100, 60, 160, 68)  # black, on a page of 300 x 200 pixels whose letters are about 7 pixels high


def page(scale: int) -> np.ndarray:
    """Lines of letters and one black box, in all sizes ``scale`` times as large."""
    drawn = np.full((200 * scale, 300 * scale), 255, np.uint8)
    for line in range(20, 200, 40):
        cv2.putText(
            drawn, "no bed, no pen", (10 * scale, line * scale), cv2.FONT_HERSHEY_SIMPLEX, 0.5 * scale, 0, scale
        )
    x0, y0, x1, y1 = (side * scale for side in BOX)
    drawn[y0 - 20 * scale // 2 : y1 + 20 * scale // 2] = 255
    drawn[y0:y1, x0:x1] = 0
    return drawn


def write(folder: Path, *pages: np.ndarray, boxes: list[list[list[float]]]) -> str:
    """A set in the form that `mathocr feedback export` writes."""
    rows = []
    for number, (image, regions) in enumerate(zip(pages, boxes, strict=True)):
        cv2.imwrite(str(folder / f"{number}.png"), image)
        rows.append({"image": f"{number}.png", "regions": [{"kind": "display", "box": box} for box in regions]})
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder)


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("dark", [False, True])
def test_an_image_is_drawn_at_the_size_of_use_and_its_boxes_lie_on_the_ink(tmp_path, scale, dark):
    image = page(scale)
    source = PageSource([write(tmp_path, 255 - image if dark else image, boxes=[[[scale * side for side in BOX]]])])
    for dpi in (75.0, 100.0, 140.0):
        gray, boxes, kinds = source.draw(0, dpi)
        assert gray.dtype == np.uint8 and boxes.dtype == np.float32 and kinds.tolist() == [1]
        assert NEAR[0] * 0.8 < text_height(ink_of(gray)) / (TEXT_HEIGHT * dpi / 100) < NEAR[1] * 1.2
        assert gray.shape[1] / gray.shape[0] == pytest.approx(1.5, abs=0.02)
        x0, y0, x1, y1 = boxes[0].round().astype(int)
        assert gray[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].max() < 40
        assert gray[y0 - 4 : y0 - 2].min() > 200 and gray[y1 + 2 : y1 + 4].min() > 200
        assert gray[y0:y1, x0 - 4 : x0 - 2].min() > 200 and gray[y0:y1, x1 + 2 : x1 + 4].min() > 200


def test_boxes_in_shares_of_the_page_and_pages_without_formulas(tmp_path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "images" / name), page(1))
    (tmp_path / "classes.txt").write_text("inline\n")
    (tmp_path / "labels" / "a.txt").write_text(f"0 {130 / 300} {64 / 200} {60 / 300} {8 / 200}\n")
    source = PageSource([str(tmp_path)])
    gray, boxes, kinds = source.draw(0, 100.0)
    assert len(source) == 2 and kinds.tolist() == [0] and gray.shape == (200, 300)
    np.testing.assert_allclose(boxes, [BOX], atol=1e-3)
    assert source.draw(1, 100.0).boxes.shape == (0, 4)


def test_tiles_and_pages_of_images_are_batched(tmp_path):
    folder = write(tmp_path, page(1), page(2), boxes=[[list(BOX)], []])
    data = PageDataModule([folder], [folder], batch_size=4, tile_height=64, tile_width=128, workers=0)
    batch = next(iter(data.train_dataloader()))
    assert batch.pages.shape == (4, 1, 64, 128)
    assert [int(page.present.sum()) for page in data.val_dataloader()] == [1, 0]


def test_sets_that_cannot_be_trained_on_are_named(tmp_path):
    with pytest.raises(FormatError, match="nowhere: no such file or folder"):
        PageSource([str(tmp_path / "nowhere")])
    folder = write(tmp_path, page(1), boxes=[[]])
    (tmp_path / "0.png").unlink()
    with pytest.raises(ValueError, match=r"0\.png: no such file"):
        PageSource([folder])
    (tmp_path / "labels.jsonl").write_text('{"image": "0.png", "latex": "x"}\n')
    with pytest.raises(FormatError, match=r"a set of crops .* pages with boxes are needed"):
        PageSource([folder])
    (tmp_path / "labels.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"no page in|pages with boxes are needed"):
        PageSource([folder])
