"""Whatever a file holds, the loaders answer with samples or with an error that names it."""

import copy
import json
import random

import pytest

from mathocr.data.formats import FormatError, load_crops, load_pages
from mathocr.data.images import ImageError

GOOD = {
    "jsonl": {"image": "p.png", "width": 60, "height": 20,
              "regions": [{"kind": "inline", "box": [0, 0, 9, 9], "latex": "x"}]},
    "coco": {
        "images": [{"id": 1, "file_name": "p.png", "height": 20, "width": 60}],
        "categories": [{"id": 1, "name": "inline"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "latex": "x"}],
    },
    "ibem": {"p": {"embedded": [{"xy": [0, 0, 9, 9], "latex": "x"}], "displayed": {"0": {"xy": [[0, 0], [9, 9]]}}}},
    "label_studio": [
        {
            "data": {"image": "p.png"},
            "annotations": [
                {
                    "result": [
                        {"id": "r", "type": "rectanglelabels", "value": {"x": 0, "y": 0, "width": 9, "height": 9,
                                                                        "rectanglelabels": ["inline"]}},
                        {"id": "r", "type": "textarea", "value": {"text": ["x"]}},
                    ]
                }
            ],
        }
    ],
}  # fmt: skip
STRANGE = [None, 3, -1.5, True, "text", "", [], {}, [1], {"a": 1}, float("nan"), [None], "1e999"]


def places(value, path=()):
    """Paths of all values inside a JSON value."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def changed(value, path, new):
    """A copy with one value replaced, or its key dropped where ``new`` is ``...``."""
    value = copy.deepcopy(value)
    if not path:
        return new
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if new is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return value


@pytest.mark.parametrize("format", GOOD)
@pytest.mark.parametrize("load", [load_pages, load_crops])
def test_one_strange_value_anywhere(tmp_path, picture, format, load):
    picture(tmp_path / "p.png")
    path = tmp_path / ("set.jsonl" if format == "jsonl" else "set.json")
    path.write_text(json.dumps(GOOD[format]))
    assert len(load(path, format)) == 1 and load(path, format)[0].load().ndim >= 2
    for place in places(GOOD[format]):
        for new in [*STRANGE, *([...] if place else [])]:
            path.write_text(json.dumps(changed(GOOD[format], place, new)))
            try:
                for sample in load(path, format):
                    sample.load()
            except (FormatError, ImageError) as error:
                assert str(error).startswith(str(tmp_path)), (place, new, error)
            except Exception as error:
                pytest.fail(f"{place} = {new!r}: {error!r}")


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", ".lst", ".txt", ".inkml", ".yaml"])
def test_bytes_that_mean_nothing(tmp_path, suffix):
    path = tmp_path / f"set{suffix}"
    for seed in range(20):
        path.write_bytes(random.Random(seed).randbytes(200))
        for load in (load_crops, load_pages):
            with pytest.raises(FormatError, match=str(tmp_path)):
                list(load(path))
