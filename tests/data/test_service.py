"""Service files: the shipped ones are right, wrong keys and values are named; sets are held against them."""

from pathlib import Path

import pytest

from mathocr.data.check import check
from mathocr.data.formats import load_crops
from mathocr.data.service import InputKind, ServiceError, load_service
from mathocr.data.service_check import count_inputs, lacking

SHIPPED = sorted((Path(__file__).parents[2] / "configs" / "service").glob("*.yaml"))
SMALL = """
name: small
purpose: A test.
labelling_guide: docs/LABELLING.md
inputs:
- {name: letters, kind: inline, samples: 2}
- {name: scans, source: 'scan-*', samples: 1}
speed: {definition: none}
deployment: {where: mobile, device: cpu, hardware: a phone, threads: 1}
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files(path):
    service = load_service(path)
    assert service.name == path.stem
    assert (path.parents[2] / service.labelling_guide).is_file()


def test_there_are_the_three_of_the_design():
    assert [path.stem for path in SHIPPED] == ["cloud_gpu", "local_cpu", "mobile"]


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("name: small", "nam: small", "unknown key nam, expected one of name, purpose"),
        ("purpose: A test.", "", "key purpose is missing"),
        ("samples: 2", "samples: two", r"inputs\[0\].samples must be a whole number above 0, got 'two'"),
        ("samples: 1", "samples: true", r"inputs\[1\].samples must be a whole number above 0, got True"),
        ("kind: inline", "kind: inlined", r"inputs\[0\].kind must be one of inline, display, any, got 'inlined'"),
        ("where: mobile", "where: moon", "deployment.where must be one of mobile, local_cpu"),
        ("{definition: none}", "{definition: none, crop_ms: 3}", "unknown key speed.crop_ms"),
        ("{definition: none}", "fast", "speed must be a mapping, got 'fast'"),
        ("{definition: none}", "{definition: ' '}", "speed.definition must be text, got ' '"),
        ("{definition: none}", "{definition: none, crop_p95_ms: -1}", "must be a number of at least 0, got -1"),
        ("name: small", "name: [", "not YAML"),
    ],
)
def test_wrong_files_are_named(small, old, new, message):
    small.write_text(SMALL.replace(old, new))
    with pytest.raises(ServiceError, match=r"small\.yaml: .*" + message):
        load_service(small)


def test_no_file(tmp_path):
    with pytest.raises(ServiceError, match=r"none\.yaml: no such service file"):
        load_service(tmp_path / "none.yaml")


def test_covers():
    scans = InputKind("scans", 1, "display", "scan-*")
    assert scans.covers("display", "scan-7")
    assert (
        not scans.covers("inline", "scan-7") and not scans.covers(None, "scan-7") and not scans.covers("display", "x")
    )
    assert InputKind("all", 1).covers(None, "x")


def test_a_set_is_held_against_its_service(small, tmp_path):
    import cv2
    import numpy as np

    image = np.full((30, 40), 255, np.uint8)
    image[10:20, 10:30] = 0
    cv2.imwrite(str(tmp_path / "x.png"), image)
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"image": "x.png", "latex": "x", "kind": "inline", "source": "scan-1"}\n')
    service = load_service(small)
    counts = count_inputs(load_crops(labels), service)
    assert counts == {"letters": 1, "scans": 1}
    (fault,) = lacking("set", counts, service)
    assert fault.message == "1 formulas of input 'letters' (kind inline, source *), small needs 2"
    report = check(labels, service=service)
    assert report.totals["service"] == 1 and "1 formulas of input 'scans' (small)" in report.notes
