"""Label Studio: its labelling set-up for formulas, and tasks with what is known; the loader is in ``data.formats``."""

from __future__ import annotations

from typing import Any

from mathocr.pipeline.draw import COLOURS
from mathocr.pipeline.feedback.truth import ImageTruth, Place

CONFIG = f"""\
<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="kind" toName="image">
    <Label value="inline" background="#{bytes(COLOURS["inline"]).hex()}"/>
    <Label value="display" background="#{bytes(COLOURS["display"]).hex()}"/>
  </RectangleLabels>
  <TextArea name="latex" toName="image" perRegion="true" editable="true" displayMode="region-list"/>
</View>
"""


def make_task(truth: ImageTruth, image: str, size: tuple[int, int]) -> dict[str, Any]:
    """One image as a task: an annotation where it was checked as a whole, else a prediction to begin from.

    Args:
        truth: What is known of it.
        image: Path of the image below the folder that Label Studio serves local files from.
        size: Height and width in pixels.
    """
    result = [item for number, place in enumerate(truth.places) for item in _items(place, f"r{number}", size)]
    field = "annotations" if truth.whole else "predictions"
    return {"data": {"image": f"/data/local-files/?d={image}"}, field: [{"result": result}]}


def _items(place: Place, name: str, size: tuple[int, int]) -> list[dict[str, Any]]:
    """The rectangle of a formula and the text that belongs to it; Label Studio measures in per cent."""
    height, width = size
    x0, y0, x1, y1 = place.box
    rectangle = {
        "x": 100 * x0 / width, "y": 100 * y0 / height, "width": 100 * (x1 - x0) / width,
        "height": 100 * (y1 - y0) / height, "rotation": 0,
    }  # fmt: skip
    common = {"id": name, "to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0}
    items: list[dict[str, Any]] = [{
        **common, "from_name": "kind", "type": "rectanglelabels",
        "value": {**rectangle, "rectanglelabels": [place.kind]},
    }]  # fmt: skip
    if place.latex is not None:
        value = {**rectangle, "text": [place.latex]}
        items.append({**common, "from_name": "latex", "type": "textarea", "value": value})
    return items
