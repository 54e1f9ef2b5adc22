"""Weights files: round trip, hash, format."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from mathocr.data.weights import WeightsError, read_weights, sha256_of, write_weights

TENSORS = {"a.weight": np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), "a.count": np.array(7, np.int64)}


def test_round_trip_halves_floats_and_keeps_integers(tmp_path):
    path = tmp_path / "m.safetensors"
    digest = write_weights(path, TENSORS, {"tokens": ["é"]}, "mathocr-test/1")
    read = read_weights(path, "mathocr-test/1")
    assert (read.sha256, read.name, read.config) == (digest, "m", {"tokens": ["é"]})
    assert digest == sha256_of(path)
    assert read.tensors["a.weight"].dtype == np.float16 and read.tensors["a.count"] == 7
    np.testing.assert_array_equal(read.tensors["a.weight"], TENSORS["a.weight"])
    assert read.tensors["a.count"].shape == ()
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_file_without_configuration_is_named(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file(TENSORS, path, metadata={"format": "mathocr-test/1"})
    with pytest.raises(WeightsError, match=r"m\.safetensors: its configuration is missing or no JSON"):
        read_weights(path, "mathocr-test/1")


def test_hash_of_the_card_is_held_against_the_file(tmp_path):
    path = tmp_path / "m.safetensors"
    digest = write_weights(path, TENSORS, {}, "mathocr-test/1")
    card = tmp_path / "m.md"
    card.write_text(f"# m\n\nsha256: {digest}\n")
    read_weights(path, "mathocr-test/1")
    card.write_text(f"sha256: {'0' * 64}\n")
    with pytest.raises(WeightsError, match=r"m\.safetensors: sha256 is .*, its model card m\.md says 0000"):
        read_weights(path, "mathocr-test/1")


def test_wrong_files_are_named(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(WeightsError, match="no such weights file"):
        read_weights(path, "mathocr-test/1")
    path.write_bytes(b"text")
    with pytest.raises(WeightsError, match=r"m\.safetensors: not a safetensors file"):
        read_weights(path, "mathocr-test/1")
    write_weights(path, TENSORS, {}, "mathocr-other/1")
    with pytest.raises(WeightsError, match="format must be 'mathocr-test/1', got 'mathocr-other/1'"):
        read_weights(path, "mathocr-test/1")
