"""From page images to regions: the detector as others use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind, ModelIdentity, Region
from mathocr.data.onnx_session import choose_backend, open_session
from mathocr.data.weights import Weights, WeightsError, read_weights
from mathocr.detector.cells import STRIDE
from mathocr.detector.decode import (
    INLINE,
    LEAST_SCORE,
    Detections,
    decode,
    doubted,
    drop_doubles,
    drop_nested,
    suppress,
)
from mathocr.detector.prepare import OVERLAP, Tile, WorkingPage, ink_of, pad, tiles, to_gray, to_working
from mathocr.detector.snap import snap

FORMAT = "mathocr-detector/1"
RELEASED = Path(__file__).parent / "weights" / "detector.safetensors"
# Of each tile the network sees a second view, moved by half a cell, for inline formulas alone: a letter that falls
# between cells in one has a cell of its own in the other. Displays, many cells high, were found less well by two.
_SHIFT = STRIDE // 2
_EDGE = 2.0  # px; a box this near to where a tile was cut is one that the cut has shortened

Floats = NDArray[np.float32]


class Backend(Protocol):
    """What runs the network."""

    def run(self, pages: Floats) -> tuple[Floats, Floats, Floats]:
        """Class logits, distances and quality logits of ``(B, 1, H, W)``, as ``detector.model.DenseOutput``."""


class OnnxBackend:
    """Runs the exported graph with ONNX Runtime.

    Args:
        weights: Trained numbers; the graph lies beside their file.
        threads: Threads within one operator; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers.
    """

    def __init__(
        self, weights: Weights, threads: int | None = None, providers: Sequence[str] = ("CPUExecutionProvider",)
    ) -> None:
        self._session = open_session(weights, weights.path.with_suffix(".onnx"), threads, providers)

    def run(self, pages: Floats) -> tuple[Floats, Floats, Floats]:
        """As ``Backend.run``."""
        classes, distances, quality = self._session.run(None, {"pages": pages})
        return classes, distances, quality


def open_backend(weights: Weights, backend: str, device: str, threads: int | None = None) -> Backend:
    """The backend that was asked for, see ``choose_backend``; ``threads`` as ``OnnxBackend``, PyTorch has its own.

    Raises:
        ValueError: If backend or device is not known, or they do not go together.
        WeightsError: If the weights and the graph or network do not fit.
    """
    runner, place = choose_backend(backend, device)
    if runner == "onnx":
        return OnnxBackend(weights, threads)
    from mathocr.detector.torch_backend import TorchBackend

    return TorchBackend(weights, place)


@dataclass(frozen=True, eq=False)
class Sight:
    """What the network saw on a page, before any threshold.

    Attributes:
        ink: Of the page, float32 ``(H, W)``, ink 1 on paper 0.
        page: The same at working scale.
        found: Every candidate, best first, in pixels of the working page.
        min_score: Least score by kind where none is asked for.
    """

    ink: Floats
    page: WorkingPage
    found: Detections
    min_score: Mapping[Kind, float]

    def regions(self, min_score: float | Mapping[Kind, float] | None = None) -> list[Region]:
        """Regions of the page, best first, boxes in pixels of the page.

        Args:
            min_score: As in ``RegionPredictor.predict``.

        Raises:
            ValueError: If ``min_score`` lacks a kind.
        """
        least = _by_kind(self.min_score if min_score is None else min_score)
        # First the thresholds: what is below that of its kind has no say in what becomes of those above their own.
        asked = self.found.scores >= least[self.found.kinds]
        kinds, scores = self.found.kinds[asked], self.found.scores[asked]
        height, width = self.ink.shape
        boxes = snap(
            self.page.to_page(self.found.boxes[asked]), kinds == KINDS.index("display"), self.ink, self.page.scale_x
        )
        # Two parts may have grown to one whole.
        boxes, kinds, scores = drop_nested(drop_doubles(Detections(boxes, kinds, scores)))
        boxes = boxes.clip(0, [width, height, width, height])
        return [
            Region((x0, y0, x1, y1), KINDS[kind], score)
            for (x0, y0, x1, y1), kind, score in zip(boxes.tolist(), kinds.tolist(), scores.tolist(), strict=True)
            if x0 < x1 and y0 < y1
        ]


def _by_kind(least: float | Mapping[Kind, float]) -> NDArray[np.float64]:
    """A threshold for each of ``KINDS``."""
    if not isinstance(least, Mapping):
        return np.full(len(KINDS), float(least))
    if missing := [kind for kind in KINDS if kind not in least]:
        raise ValueError(f"min_score must name each of {KINDS}, {missing} is missing")
    return np.array([float(least[kind]) for kind in KINDS])


class RegionPredictor:
    """Finds the formulas on pages.

    Args:
        weights: Trained numbers, and the thresholds chosen for them.
        backend: What runs the network.

    Raises:
        WeightsError: If ``page_score`` of the weights is not in [0, 1).

    Attributes:
        min_score: Least score by kind where none is asked for.
        page_score: Score that the best region of a page is expected to have, see ``decode.doubted``.
        identity: Of the weights.
    """

    def __init__(self, weights: Weights, backend: Backend) -> None:
        self._backend = backend
        self.min_score: dict[Kind, float] = {kind: float(weights.config["min_score"][kind]) for kind in KINDS}
        self.page_score = float(weights.config.get("page_score", 0.0))
        if not 0.0 <= self.page_score < 1.0:
            raise WeightsError(f"{weights.path}: page_score must be in [0, 1), got {self.page_score:g}")
        self.identity = ModelIdentity(weights.name, weights.sha256)

    @classmethod
    def load(
        cls, weights: Path | None = None, device: str = "auto", backend: str = "auto", threads: int | None = None
    ) -> RegionPredictor:
        """Open the released weights, or others.

        Args:
            weights: A ``.safetensors`` file with its ``.onnx`` graph beside it; None for the released one.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            backend: ``auto``, ``onnx`` or ``torch``.
            threads: Threads within one operator of ONNX Runtime, one for each core if None; PyTorch has its own.

        Raises:
            WeightsError: If the weights cannot be used.
            ValueError: If device or backend is not known.
        """
        read = read_weights(weights or RELEASED, FORMAT)
        return cls(read, open_backend(read, backend, device, threads))

    def predict(
        self, images: Sequence[NDArray[np.uint8]], min_score: float | Mapping[Kind, float] | None = None
    ) -> list[list[Region]]:
        """Find formulas; the answer for a page does not depend on the others.

        Args:
            images: Pages, ``uint8 (H, W)`` gray or ``(H, W, 3)`` RGB, light or dark, of any resolution.
            min_score: Least score in [0, 1], one for all or one for each kind; None for the weights' own. Cells
                below ``LEAST_SCORE`` play no part; regions of a page that is doubted may have less.

        Returns:
            Regions of each page, best first, boxes in pixels of that page.

        Raises:
            ValueError: If an image is not such an array, or ``min_score`` lacks a kind.
        """
        return [self.look(image).regions(min_score) for image in images]

    def look(self, image: NDArray[np.uint8]) -> Sight:
        """Run the network on one page, for regions of several thresholds.

        Args:
            image: As in ``predict``.

        Raises:
            ValueError: If the image is not such an array.
        """
        ink = ink_of(to_gray(image))
        page = to_working(ink)
        return Sight(ink, page, doubted(self._detect(page.ink), self.page_score), self.min_score)

    def _detect(self, ink: Floats) -> Detections:
        """What the network sees on a working page, tile by tile."""
        parts = [found for tile in tiles(*ink.shape) for found in self._detect_tile(ink, tile)]
        looks = np.repeat(np.arange(len(parts)) % 2, [len(part.scores) for part in parts])
        return suppress(Detections(*(np.concatenate(field) for field in zip(*parts, strict=True))), looks)

    def _detect_tile(self, ink: Floats, tile: Tile) -> tuple[Detections, Detections]:
        """Candidates of both looks at a tile in pixels of the working page, inline ones alone of the second."""
        part = ink[tile.y0 : tile.y1, tile.x0 : tile.x1]
        views = [pad(np.pad(part, (side, side))) for side in ((0, _SHIFT), (_SHIFT, 0))]
        first, second = (
            decode(*maps, LEAST_SCORE) for maps in zip(*self._backend.run(np.stack(views)[:, None]), strict=True)
        )
        inline = second.kinds == INLINE
        second = Detections(second.boxes[inline] - _SHIFT, second.kinds[inline], second.scores[inline])
        return _of_page(first, tile, ink.shape), _of_page(second, tile, ink.shape)


def _of_page(found: Detections, tile: Tile, shape: tuple[int, ...]) -> Detections:
    """A tile's candidates in pixels of the page, whose shape is given, without what the cut of the tile shortened."""
    boxes = found.boxes + np.array([tile.x0, tile.y0] * 2, np.float32)
    height, width = shape
    size = boxes[:, 2:] - boxes[:, :2]
    low = (boxes[:, :2] < (tile.x0 + _EDGE, tile.y0 + _EDGE)) & (np.array([tile.x0, tile.y0]) > 0)
    high = (boxes[:, 2:] > (tile.x1 - _EDGE, tile.y1 - _EDGE)) & (np.array([tile.x1, tile.y1]) < (width, height))
    whole = ~((low | high) & (size < OVERLAP)).any(1)  # a longer one is whole in no tile
    return Detections(boxes[whole], found.kinds[whole], found.scores[whole])
