import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mathocr.data.contracts import KINDS
from mathocr.data.weights import WeightsError, read_weights, write_weights
from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.cells import STRIDE
from mathocr.detector.decode import PART
from mathocr.detector.export import export_graph
from mathocr.detector.predictor import FORMAT, OnnxBackend, RegionPredictor
from mathocr.detector.prepare import MAX_TILE
from mathocr.detector.torch_backend import TorchBackend
from mathocr.detector.training import DetectorTraining


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained network that finds something everywhere, with its graph."""
    torch.manual_seed(0)
    training = DetectorTraining(width=8)
    for module in training.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    torch.nn.init.normal_(training.network.class_head.weight, std=1.35)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    tensors, config = training.export_weights()
    config["min_score"] = {"inline": 0.3, "display": 0.5}
    write_weights(path, tensors, config, FORMAT)
    export_graph(training.network, path.with_suffix(".onnx"))
    return path


@pytest.fixture
def page() -> np.ndarray:
    random = np.random.default_rng(0)
    page = np.full((150, 230), 255, np.uint8)
    for x, y in random.integers(10, 140, (60, 2)):
        page[y : y + 7, x : x + 5] = 0
    return page


def test_onnx_agrees_with_torch_on_any_size_and_batch(weights: Path) -> None:
    read = read_weights(weights, FORMAT)
    for shape in ((1, 1, 64, 96), (3, 1, 128, 32)):
        pages = np.random.default_rng(0).random(shape, np.float32)
        ours, reference = OnnxBackend(read, threads=1).run(pages), TorchBackend(read, "cpu").run(pages)
        for got, want in zip(ours, reference, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-4, rtol=1e-4)


def test_the_graph_is_small_and_says_nothing_of_this_machine(weights: Path) -> None:
    blob = weights.with_suffix(".onnx").read_bytes()
    assert len(blob) < 200_000
    assert b"/home" not in blob and b".py" not in blob


def test_regions_are_on_the_page_sorted_and_the_same_alone_and_together(weights: Path, page: np.ndarray) -> None:
    predictor = RegionPredictor.load(weights)
    alone = predictor.predict([page])[0]
    together = predictor.predict([np.full((40, 50, 3), 255, np.uint8), page])
    assert together[1] == alone
    assert alone
    assert [r.score for r in alone] == sorted((r.score for r in alone), reverse=True)
    for region in alone:
        assert 0 <= region.box[0] < region.box[2] <= 230 and 0 <= region.box[1] < region.box[3] <= 150


def test_thresholds_hold_by_kind(weights: Path, page: np.ndarray) -> None:
    predictor = RegionPredictor.load(weights)
    all_of_them = predictor.predict([page], min_score=0.0)[0]
    default = predictor.predict([page])[0]
    asked = {"inline": 0.3, "display": 0.5}
    assert default == predictor.predict([page], min_score=asked)[0]
    # A display below .5 may push out more; a region that holds several with low scores may hold one alone without them.
    for region in {r for r in all_of_them if r.score >= asked[r.kind]} - set(default):
        within = pairwise_overlap(np.array([other.box for other in default]), np.array([region.box]))[1]
        assert within.max() >= PART
    assert all(r.score >= asked[r.kind] for r in default)
    more = []
    for view in (page, page[::-1].copy(), page[:, ::-1].copy(), page[::-1, ::-1].copy()):
        displays = {r for r in predictor.predict([view], min_score=0.0)[0] if r.kind == "display"}
        some = predictor.predict([view], min_score={"inline": 2.0, "display": 0.0})[0]
        assert {r.kind for r in some} == {"display"} and displays <= set(some)
        more += set(some) - displays
    assert more  # those that inline ones had pushed out come too
    with pytest.raises(ValueError, match=r"min_score must name each of .*display"):
        predictor.predict([page], min_score={"inline": 0.5})


def test_the_network_runs_once_for_regions_of_several_thresholds(weights: Path, page: np.ndarray) -> None:
    predictor = RegionPredictor.load(weights)
    expected = [predictor.predict([page], least)[0] for least in (None, 0.0, {"inline": 0.4, "display": 0.3})]
    sight = predictor.look(page)
    predictor._backend = None  # type: ignore[assignment]
    assert [sight.regions(least) for least in (None, 0.0, {"inline": 0.4, "display": 0.3})] == expected
    assert len({len(regions) for regions in expected}) > 1


class TwoCells:
    """Stands in for a network that sees a display (score .7) beside an inline formula (.66) in one row of letters."""

    def run(self, pages: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        views, (rows, columns) = len(pages), (side // STRIDE for side in pages.shape[2:])
        classes, quality = np.full((views, 2, rows, columns), -30.0), np.full((views, 1, rows, columns), 30.0)
        distances = np.broadcast_to(np.reshape((17.0, 6.0, 17.0, 6.0), (1, 4, 1, 1)), (views, 4, rows, columns))
        row, places = int(23.5 // STRIDE), (30 // STRIDE, 70 // STRIDE)
        for place, kind, score in zip(places, (1, 0), (0.7, 0.66), strict=True):
            classes[:, kind, row, place] = np.log(score**2 / (1 - score**2))
        return classes, distances, quality


def test_a_region_below_its_own_threshold_pushes_out_none_above_its_own(weights: Path) -> None:
    line = np.full((48, 100), 255, np.uint8)
    for x in range(14, 86, 8):
        line[20:27, x : x + 5] = 0  # letters 7 pixels high: this is the working scale
    predictor = RegionPredictor(read_weights(weights, FORMAT), TwoCells())
    both = predictor.predict([line], min_score=0.6)[0]
    assert [region.kind for region in both] == ["display"]  # grown to the whole, and it is the better one
    sure = predictor.predict([line], min_score={"inline": 0.6, "display": 0.8})[0]
    assert [region.kind for region in sure] == ["inline"]


def test_weights_may_ask_for_a_sure_region_on_a_page(weights: Path, tmp_path: Path) -> None:
    line = np.full((48, 100), 255, np.uint8)
    for x in range(14, 86, 8):
        line[20:27, x : x + 5] = 0
    read = read_weights(weights, FORMAT)
    usual = RegionPredictor(read, TwoCells()).predict([line], min_score=0.0)[0]
    path = tmp_path / "sure.safetensors"
    write_weights(path, read.tensors, {**read.config, "page_score": 0.95}, FORMAT)
    doubted = RegionPredictor(read_weights(path, FORMAT), TwoCells()).predict([line], min_score=0.0)[0]
    assert [r.box for r in doubted] == [r.box for r in usual] and doubted[0].score < 0.5 < usual[0].score
    assert usual[0].kind == "display" and read.config["min_score"]["display"] == 0.5
    assert not any(
        r.kind == "display" for r in RegionPredictor(read_weights(path, FORMAT), TwoCells()).predict([line])[0]
    )
    write_weights(path, read.tensors, {**read.config, "page_score": 1.0}, FORMAT)
    with pytest.raises(WeightsError, match=r"sure\.safetensors: page_score must be in \[0, 1\), got 1"):
        RegionPredictor.load(path, backend="torch")


def test_a_page_larger_than_a_tile_is_cut_and_put_together(weights: Path, page: np.ndarray) -> None:
    large = np.full((200, MAX_TILE + 500), 255, np.uint8)
    large[: page.shape[0], -page.shape[1] :] = page
    regions = RegionPredictor.load(weights).predict([large], min_score=0.1)[0]
    assert any(region.box[0] > MAX_TILE for region in regions)


def test_a_blank_page_and_one_pixel_are_answered(weights: Path) -> None:
    predictor = RegionPredictor.load(weights)
    assert len(predictor.predict([np.full((1, 1), 255, np.uint8), np.zeros((33, 5, 3), np.uint8)])) == 2
    assert predictor.predict([]) == []


@pytest.mark.parametrize("argument", [{"device": "tpu"}, {"backend": "magic"}, {"device": "cuda", "backend": "onnx"}])
def test_unknown_device_and_backend(weights: Path, argument: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(argument))):
        RegionPredictor.load(weights, **argument)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path, weights: Path) -> None:
    read = read_weights(weights, FORMAT)
    del read.tensors["class_head.bias"]
    path = tmp_path / "broken.safetensors"
    write_weights(path, read.tensors, read.config, FORMAT)
    path.with_suffix(".onnx").write_bytes(weights.with_suffix(".onnx").read_bytes())
    for backend in ("onnx", "torch"):
        with pytest.raises(WeightsError, match=r"class_head\.bias"):
            RegionPredictor.load(path, backend=backend)


def test_a_predictor_needs_neither_torch_nor_lightning_nor_albumentations() -> None:
    heavy = {"torch", "pytorch_lightning", "albumentations", "timm"}
    code = f"import sys, mathocr.detector.predictor; print(*{heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_exported_config_names_a_threshold_for_each_kind() -> None:
    _, config = DetectorTraining(width=8).export_weights()
    assert set(config["min_score"]) == set(KINDS)
