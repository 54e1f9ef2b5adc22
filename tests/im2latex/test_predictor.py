"""The recogniser as others use it: backends agree, batches do not matter, odd crops are survived."""

import types
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mathocr.data.onnx_session import fed_names
from mathocr.data.weights import WeightsError, read_weights, write_weights
from mathocr.im2latex import export
from mathocr.im2latex.decoding import Decoded
from mathocr.im2latex.export import export_graphs
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.onnx_backend import graph_paths
from mathocr.im2latex.predictor import FORMAT, LatexPredictor
from mathocr.im2latex.vocabulary import EOS, Vocabulary

TOKENS = ["x", "y", "+", "_", "^", "{", "}", r"\frac", "1", "2"]
CONFIG = {
    "backbone": "hgnetv2_b0", "width": 32, "heads": 2, "encoder_layers": 1, "decoder_layers": 2, "max_length": 16,
    "glyph_classes": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    network = FormulaNet(len(Vocabulary(TOKENS)), **CONFIG)
    with torch.no_grad():
        network.bias[EOS] = 0.2  # so that some answers end
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    write_weights(path, tensors, {"network": CONFIG, "tokens": TOKENS}, FORMAT)
    export_graphs(network, path)
    return path


def crop(seed: int, height: int = 30, width: int = 90) -> np.ndarray:
    image = np.full((height, width), 255, np.uint8)
    cv2.putText(image, "xyab12"[seed % 6] + "+z", (4, height - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.4 + 0.1 * seed, 0, 1)
    return image


def test_backends_agree(weights):
    crops = [crop(seed) for seed in range(4)]
    by_onnx = LatexPredictor.load(weights, backend="onnx").predict(crops)
    by_torch = LatexPredictor.load(weights, backend="torch").predict(crops)
    for one, other in zip(by_onnx, by_torch, strict=True):
        assert one.tokens == other.tokens and one.stopped == other.stopped
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert len(one.token_confidences) == len(one.tokens)
        assert one.token_confidences == pytest.approx(other.token_confidences, abs=1e-4)


def test_graphs_hold_no_trained_number(weights):
    network = FormulaNet(len(Vocabulary(TOKENS)), **CONFIG)
    decoder = {name for name in network.state_dict() if name.startswith("decoder") and "cross_kv" not in name}
    encoder, step = (fed_names(path.read_bytes()) for path in graph_paths(weights))
    assert decoder <= set(step) and any(name.startswith("backbone") for name in encoder)
    assert all(path.stat().st_size < 300_000 for path in graph_paths(weights))


def test_graphs_that_were_there_stay_whole_where_writing_fails(tmp_path, monkeypatch):
    parts = [types.SimpleNamespace(to_weightless_onnx=lambda prefix: b"graph")] * 2
    monkeypatch.setattr(export, "network_parts", lambda network: parts)
    paths, write = export_graphs(torch.nn.Identity(), tmp_path / "a.safetensors"), Path.write_bytes

    def full(self, blob):
        write(self, blob[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        export_graphs(torch.nn.Identity(), tmp_path / "a.safetensors")
    assert [path.read_bytes() for path in paths] == [b"graph"] * 2


def test_answer_does_not_depend_on_the_other_crops(weights):
    predictor = LatexPredictor.load(weights)
    crops = [crop(seed, 30 + 10 * (seed % 3), 90 + 40 * (seed % 4)) for seed in range(8)]
    together = predictor.predict(crops)
    for alone, beside in zip((predictor.predict([c])[0] for c in crops), together, strict=True):
        assert alone.tokens == beside.tokens
        assert alone.confidence == pytest.approx(beside.confidence, abs=1e-4)
    assert predictor.predict([]) == []


def test_alternatives_come_from_a_beam_and_do_not_depend_on_the_batch(weights):
    crops = [crop(seed, 30 + 10 * (seed % 2)) for seed in range(5)]
    for backend in ("onnx", "torch"):
        predictor = LatexPredictor.load(weights, backend=backend)
        together = predictor.predict(crops, alternatives=3)
        for alone, beside in zip((predictor.predict([c], alternatives=3)[0] for c in crops), together, strict=True):
            assert alone.tokens == beside.tokens and alone.alternatives == beside.alternatives
        assert all(len(reading.alternatives) <= 3 for reading in together)
        assert all(reading.latex not in reading.alternatives for reading in together)
        assert any(reading.alternatives for reading in together)
    assert all(reading.alternatives == () for reading in predictor.predict(crops))
    with pytest.raises(ValueError, match="alternatives must be 0 or more, got -1"):
        predictor.predict(crops, alternatives=-1)


class Scripted:
    """A backend that gives one answer after the other, whatever it sees; the last again and again."""

    def __init__(self, *answers):
        self.answers, self.seen = answers, []

    def decode(self, images):
        self.seen += [image.shape for image in images]
        first = len(self.seen) - len(images)
        return [Decoded(*self.answers[min(first + n, len(self.answers) - 1)]) for n in range(len(images))]


def test_doubtful_crops_are_read_again_at_other_scales_until_the_looks_agree(weights):
    image = np.full((48, 90), 255, np.uint8)
    image[4:40, 10:14] = image[4:40, 30:34] = image[4:40, 50:54] = 0
    read = read_weights(weights, FORMAT)
    x, y, z = (Vocabulary(TOKENS).encode([token])[0] for token in "xy1")
    unsure, other, third = (
        ([*ids], [log_prob] * 3, "end") for ids, log_prob in (([x, y], -0.4), ([x, z], -0.42), ([y, z], -0.39))
    )

    def look(*answers, **options):
        backend = Scripted(*answers)
        ((reading, evidence),) = LatexPredictor(read, backend).examine([image], scale=1.0, **options)
        assert len(set(backend.seen)) >= 3 or len(backend.seen) < 4  # canvases of some sizes
        return reading.tokens, len(backend.seen), evidence.disagreement

    assert look(([x], [-0.1, -0.1], "end")) == (("x",), 1, 0.0)  # sure
    assert look(unsure, retry_below=0.0) == (("x", "y"), 1, 0.0)
    assert look(unsure) == (("x", "y"), 2, 0.0)  # the second look agrees
    tokens, looks, disagreement = look(unsure, other)
    assert tokens == ("x", "1") and looks == 4 and 0.1 < disagreement < 0.5
    tokens, looks, disagreement = look(third, other, unsure, unsure)
    assert tokens[0] == "x" and looks == 4 and disagreement > 0.4  # the likeliest alone is far from all others
    assert look(unsure, ([z] * 9, [-0.01] * 9, "repetition"), unsure)[0] == ("x", "y")  # what was cut has no say
    spread = [([x, y, x, x, y], [-0.4] * 6, "end"), ([x, x, y, y, z], [-0.4] * 6, "end")]
    between = ([x, y, x, y, z], [-0.1] * 6, "repetition")  # nearest to both
    assert look(spread[0], spread[1], between)[0] == ("x", "y", "x", "x", "y")
    for hopeless in (([x], [-9.0, -1.0], "end"), ([x] * 9, [-0.01] * 9, "repetition")):
        assert look(hopeless)[1:] == (1, 0.0)


def test_small_type_that_is_hardly_legible_is_read_much_larger(weights):
    image = np.full((48, 90), 255, np.uint8)
    image[4:40, 10:14] = image[4:40, 30:34] = image[4:40, 50:54] = 0
    read = read_weights(weights, FORMAT)
    x, y = (Vocabulary(TOKENS).encode([token])[0] for token in "xy")

    def look(*answers, **options):
        backend = Scripted(*answers)
        (reading,) = LatexPredictor(read, backend).predict([image], **options)
        return reading.tokens, [height * width for _, height, width in backend.seen]

    lost, sure, worse = ([x], [-9.0, -1.0], "end"), ([y], [-0.01, -0.01], "end"), ([y], [-9.0, -2.0], "end")
    tokens, sizes = look(lost, sure, scale=1.2)
    assert tokens == ("y",) and sizes[1] > sizes[0]
    assert look(lost, worse, scale=1.2)[0] == ("x",)
    tokens, sizes = look(lost, sure, scale=1.0)
    assert tokens == ("x",) and len(sizes) == 1  # large enough at once
    assert look(lost, sure, scale=1.2, retry_below=0.0)[0] == ("x",)
    assert look(([x] * 9, [-0.01] * 9, "repetition"), sure, scale=1.2)[0] == ("y",)
    tokens, sizes = look(lost, ([y], [-0.4, -0.4], "end"), scale=1.2)
    assert tokens == ("y",) and sizes[2] > sizes[1] > sizes[0]  # the size goes on from there
    image = np.full((420, 300), 255, np.uint8)
    image[10:410, 10:60] = image[10:410, 200:260] = 0
    assert len(look(lost, sure, scale=1.5)[1]) == 1  # as large as fits at once


def test_a_crop_that_comes_no_larger_is_not_read_twice_alike(weights):
    image = np.full((420, 300), 255, np.uint8)
    image[10:410, 10:60] = image[10:410, 200:260] = 0
    seen = []

    class Doubting:
        def decode(self, images):
            seen.extend(images)
            return [Decoded([5], [-0.5, -0.5], "end") for _ in images]

    LatexPredictor(read_weights(weights, FORMAT), Doubting()).predict([image], scale=1.0)
    assert len(seen) == 2 and not np.array_equal(*seen)  # as large as fits, and smaller


def test_crops_leave_at_their_own_round(weights):
    images = [np.full((48, 90), 255, np.uint8) for _ in range(3)]
    for bars, image in enumerate(images):
        for bar in range(bars + 1):
            image[4:40, 10 + 20 * bar : 14 + 20 * bar] = 0
    read = read_weights(weights, FORMAT)
    x, y = (Vocabulary(TOKENS).encode([token])[0] for token in "xy")

    class Counting:
        """Sure of one bar, of one mind on two, and of two on three."""

        def decode(self, images):
            return [self.look(image) for image in images]

        def look(self, image):
            across = (image[0, image.shape[1] // 2] > 0.5).astype(int)
            bars = int((np.diff(across) == 1).sum())
            high = int((image[0].max(1) > 0.5).sum())
            ids = [x, y] if bars == 3 and high > 50 else [x] * bars
            return Decoded(ids, [-0.01 if bars == 1 else -0.3] * (len(ids) + 1), "end")

        def search(self, images, width):
            return [[self.look(image), Decoded([y], [-3.0, -3.0], "end")] for image in images]

    predictor = LatexPredictor(read, Counting())
    together = predictor.examine([*images, np.full((9, 9), 255, np.uint8)], scale=1.0)
    assert [reading.tokens for reading, _ in together] == [("x",), ("x", "x"), ("x",) * 3, ()]
    assert [evidence.disagreement > 0 for _, evidence in together[:3]] == [False, False, True]
    for image, beside in zip(images, together, strict=False):
        assert predictor.examine([image], scale=1.0) == [beside]
    assert all(r.alternatives == ("y",) for r in predictor.predict(images, scale=1.0, alternatives=1))


def test_how_wide_a_gap_is_makes_no_difference(weights):
    seen = []

    class Seeing:
        def decode(self, images):
            seen.extend(images)
            return [Decoded([5], [-0.01, -0.01], "end") for _ in images]

    part, gap = crop(1)[:, (crop(1) < 255).any(axis=0)], np.full((30, 1), 255, np.uint8)
    crops = [np.hstack((part, np.repeat(gap, width, axis=1), part)) for width in (100, 500, 0)]
    for image in crops:
        LatexPredictor(read_weights(weights, FORMAT), Seeing()).predict([image], 1.0)
    near, far, close = seen
    assert np.array_equal(near, far) and not np.array_equal(near, close)


def test_evidence_says_whether_the_size_of_the_type_was_told(weights):
    examined = LatexPredictor.load(weights).examine([crop(1), crop(1), crop(1)], [1.0, None, 0.7])
    assert [evidence.placed for _, evidence in examined] == [1.0, 0.0, 1.0]


def test_empty_crops_give_empty_readings(weights):
    blank, (reading, other) = np.full((40, 60), 255, np.uint8), (None, None)
    reading, other = LatexPredictor.load(weights).predict([blank, crop(1)])
    assert (reading.latex, reading.tokens, reading.confidence) == ("", (), 1.0)
    assert 0.0 <= other.confidence <= 1.0


def test_odd_sizes_are_survived(weights):
    predictor = LatexPredictor.load(weights)
    shapes = [(1, 1), (1, 300), (300, 1), (2000, 12), (8, 4000)]
    readings = predictor.predict([np.where(np.indices(s).sum(0) % 3, 255, 0).astype(np.uint8) for s in shapes])
    assert len(readings) == len(shapes)


def test_bad_options_and_files_are_named(weights, tmp_path):
    with pytest.raises(ValueError, match="backend must be one of auto, onnx, torch, got 'tf'"):
        LatexPredictor.load(weights, backend="tf")
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, mps, got 'tpu'"):
        LatexPredictor.load(weights, device="tpu")
    with pytest.raises(ValueError, match="device 'cuda' needs backend 'torch'"):
        LatexPredictor.load(weights, device="cuda", backend="onnx")
    with pytest.raises(ValueError, match="as many scales as crops expected, got 2 and 1"):
        LatexPredictor.load(weights).predict([crop(1)], scale=[1.0, None])
    with pytest.raises(WeightsError, match=r"none\.safetensors: no such weights file"):
        LatexPredictor.load(tmp_path / "none.safetensors")
    lonely = tmp_path / "lonely.safetensors"
    lonely.write_bytes(weights.read_bytes())
    with pytest.raises(WeightsError, match=r"lonely\.encoder\.onnx: no such graph file"):
        LatexPredictor.load(lonely)
