"""Running the recogniser with ONNX Runtime: where there is no PyTorch, and by default on CPUs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mathocr.data.onnx_session import open_session
from mathocr.data.weights import Weights, WeightsError
from mathocr.im2latex.beam import beam_search
from mathocr.im2latex.decoding import Decoded, Ids, greedy
from mathocr.im2latex.draft import NgramDraft
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.vocabulary import Vocabulary

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Cache = NDArray[np.float32]


def graph_paths(weights: Path) -> tuple[Path, Path]:
    """Where the encoder and decoder graphs of a weights file lie."""
    return weights.with_suffix(".encoder.onnx"), weights.with_suffix(".decoder.onnx")


class OnnxBackend:
    """Runs the two exported graphs with ONNX Runtime.

    Args:
        weights: Trained numbers; the graphs lie beside their file.
        threads: Threads within one operator; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers.
        draft: Whether decoding takes the draft that the weights hold, see ``greedy``.

    Attributes:
        steps: Decoding steps run so far, of batches of any size.

    Raises:
        WeightsError: If weights and graphs do not fit, or the graphs are of an earlier version.
    """

    def __init__(
        self,
        weights: Weights,
        threads: int | None = None,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        draft: bool = True,
    ) -> None:
        encoder, decoder = graph_paths(weights.path)
        self._encoder = open_session(weights, encoder, threads, providers)
        self._decoder = open_session(weights, decoder, threads, providers)
        shapes = {one.name: one.shape for one in self._decoder.get_inputs()}
        if "places" not in shapes:
            raise WeightsError(f"{decoder}: takes one token a step, as earlier versions did; export it again")
        shape = shapes["past_keys"]  # (layers, B, heads, T, d)
        self._cache_shape = (shape[0], shape[2], shape[4])
        self._max_length = int(weights.config["network"]["max_length"])
        self._grammar = Grammar(Vocabulary(weights.config["tokens"]))
        self._draft = NgramDraft.of(weights.tensors) if draft else None
        self.steps = 0

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """As ``Backend.decode``."""
        steps = self._steps(images)
        found = greedy(steps.step, len(images), self._max_length - 1, self._grammar, steps.keep, self._draft)
        self.steps += steps.count
        return found

    def search(self, images: NDArray[np.float32], width: int) -> list[list[Decoded]]:
        """As ``Backend.search``."""
        steps = self._steps(images)
        return beam_search(steps.step, steps.keep, len(images), self._max_length - 1, width, self._grammar)

    def _steps(self, images: NDArray[np.float32]) -> _OnnxSteps:
        """Encode images, ready for decoding."""
        layers, heads, width = self._cache_shape
        empty = np.zeros((layers, len(images), heads, 0, width), dtype=np.float32)
        return _OnnxSteps(self._decoder, self._encoder.run(None, {"images": images}), empty)


class _OnnxSteps:
    """Decoding steps over rows of images, with the cache of what came before.

    Args:
        session: The decoder graph.
        memory: Keys and values of the images' memory, each ``(layers, B, heads, S, D / heads)``.
        empty: Cache before the first token, ``(layers, B, heads, 0, D / heads)``.
    """

    def __init__(self, session: InferenceSession, memory: Sequence[Cache], empty: Cache) -> None:
        self._session, self._memory = session, list(memory)
        self._past = [empty, empty]
        self.count = 0
        self._images = np.arange(empty.shape[1])  # the image of each row

    def step(self, ids: Ids, places: Ids, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """As ``mathocr.im2latex.decoding.Step``."""
        feeds = {"ids": ids, "places": places, "seen": seen, "past_keys": self._past[0], "past_values": self._past[1],
                 "memory_keys": self._memory[0], "memory_values": self._memory[1]}  # fmt: skip
        logits, *self._past = self._session.run(None, feeds)
        self.count += 1
        return logits

    def keep(self, rows: NDArray[np.int64]) -> None:
        """As ``mathocr.im2latex.decoding.Keep``."""
        self._past = [part[:, rows] for part in self._past]
        if not np.array_equal(self._images[rows], self._images):  # rows of one image share its memory
            self._memory = [part[:, rows] for part in self._memory]
        self._images = self._images[rows]
