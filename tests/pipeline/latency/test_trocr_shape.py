import sys

import numpy as np
import pytest

from mathocr.data.contracts import Reading
from mathocr.pipeline.latency import trocr_shape
from mathocr.pipeline.latency.samples import Sample
from mathocr.pipeline.latency.timing import Plan
from mathocr.pipeline.latency.trocr_shape import TrOCRShape, compare_with_trocr


class Reader:
    def predict(self, crops, scale=None, alternatives=1):
        return [Reading("", ("x",) * crop.shape[1], 1.0, True, "end") for crop in crops]


def test_ratio_and_steps(monkeypatch):
    asked, clock = [], iter([2.0, 8.0, 4.0, 12.0])

    class Rival:
        parameters = 5

        def __init__(self, device):
            assert device == "cpu"

        def predict(self, crop, tokens):
            asked.append((crop.shape, tokens))

    monkeypatch.setattr(trocr_shape, "TrOCRShape", Rival)
    monkeypatch.setattr(trocr_shape, "timed", lambda call, device: (call(), next(clock)))
    crops = [Sample(np.zeros((7, 3), np.uint8)), Sample(np.zeros((7, 5), np.uint8))]
    found = compare_with_trocr(Reader(), crops, Plan(warmup=0, rounds=1), "auto")
    assert asked == [((7, 3), 4), ((7, 5), 6)]  # as many tokens as ours, and the end
    assert found["ours"]["median_ms"] == 3 and found["trocr_shape"]["median_ms"] == 10
    assert found["median_ratio"] == 3.5  # of 4 and 3: how many times ours is faster
    assert found["tokens_per_crop"] == 5


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(RuntimeError, match=r"transformers, which is not installed: pip install \"mathocr\[benchmark\]"):
        TrOCRShape("cpu")


def test_a_small_one_makes_exactly_so_many_tokens(monkeypatch):
    pytest.importorskip("transformers")
    small = {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    monkeypatch.setattr(trocr_shape, "_ENCODER", {**trocr_shape._ENCODER, **small})
    tiny = {"vocab_size": 20, "d_model": 8, "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 8}
    monkeypatch.setattr(trocr_shape, "_DECODER", {**trocr_shape._DECODER, **tiny, "cross_attention_hidden_size": 8})
    rival = TrOCRShape("cpu")
    assert rival.predict(np.zeros((20, 90), np.uint8), 1).shape == (1, 2)
    assert rival.predict(np.zeros((20, 90, 3), np.uint8), 6).shape == (1, 7)
    rng = np.random.default_rng(0)
    tall, wide = rng.integers(0, 255, (50, 9), np.uint8), rng.integers(0, 255, (9, 50, 3), np.uint8)
    assert rival._prepare(tall).shape == rival._prepare(wide).shape == (1, 3, 384, 384)
    assert -1 <= float(rival._prepare(wide).min()) < float(rival._prepare(wide).max()) <= 1
