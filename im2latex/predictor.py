"""From crops to LaTeX: the recogniser as others use it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import ModelIdentity, Reading
from mathocr.data.latex import pretty, written
from mathocr.data.onnx_session import choose_backend
from mathocr.data.weights import Weights, read_weights
from mathocr.im2latex.calibration import Calibration
from mathocr.im2latex.decoding import Decoded
from mathocr.im2latex.evidence import Evidence, evidence_of
from mathocr.im2latex.onnx_backend import OnnxBackend
from mathocr.im2latex.prepare import BEST_SIZE, canvas, text_scale, trimmed_ink
from mathocr.im2latex.vocabulary import BOS, EOS, UNK, Vocabulary

FORMAT = "mathocr-im2latex/1"
RELEASED = Path(__file__).parent / "weights" / "im2latex.safetensors"
_BATCH_PIXELS = 16 * 64 * 384  # in one batch: bounds memory on large crops
RETRY_BELOW = 0.8
_RETRY_ABOVE = 1e-4  # what is less likely hardly ever became right, and takes long
_ROUNDS = ((1.0,), (1.25,), (0.78, 1.4))  # how large a crop is read, round by round while that leaves a doubt
_SHARPNESS = 16.0  # how much more a likely reading counts than an unlikely one; flat from 8 to 32
_EMPTY = Reading(latex="", tokens=(), confidence=1.0, valid=True, stopped="end")

Key = tuple[int, float]  # number of a crop, and how much larger than usual it is read


class Backend(Protocol):
    """What runs the network."""

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """Sequences read in images ``(B, 1, H, W)``, ink in [0, 1]."""

    def search(self, images: NDArray[np.float32], width: int) -> list[list[Decoded]]:
        """Up to ``width`` sequences of each image, the likeliest first, see ``beam_search``."""


def open_backend(weights: Weights, backend: str, device: str, threads: int | None = None) -> Backend:
    """The backend that was asked for, see ``choose_backend``; ``threads`` as ``OnnxBackend``, PyTorch has its own.

    Raises:
        WeightsError: If the weights and the graphs do not fit.
        ValueError: If backend or device is not known, or they do not go together.
    """
    runner, place = choose_backend(backend, device)
    if runner == "onnx":
        return OnnxBackend(weights, threads)
    from mathocr.im2latex.torch_backend import TorchBackend

    return TorchBackend(weights, place)


class LatexPredictor:
    """Reads formula crops.

    Args:
        weights: Trained numbers and vocabulary.
        backend: What runs the network.
    """

    def __init__(self, weights: Weights, backend: Backend) -> None:
        self._vocabulary = Vocabulary(weights.config["tokens"])
        self._backend = backend
        self._calibration = Calibration(**weights.config.get("calibration", {}))
        self.identity = ModelIdentity(weights.name, weights.sha256)

    @classmethod
    def load(
        cls, weights: Path | None = None, device: str = "auto", backend: str = "auto", threads: int | None = None
    ) -> LatexPredictor:
        """Open the released weights, or others.

        Args:
            weights: A ``.safetensors`` file with its two graphs beside it; None for the released one.
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
        self,
        crops: Sequence[NDArray[np.uint8]],
        scale: float | Sequence[float | None] | None = None,
        alternatives: int = 0,
        retry_below: float = RETRY_BELOW,
    ) -> list[Reading]:
        """Read crops; the answer for a crop does not depend on the others, but for rounding.

        Args:
            crops: Images of one formula each, ``(H, W)`` gray or ``(H, W, 3)`` RGB, uint8.
            scale: Magnification that brings their type to 10 pt at 100 dpi, one for all or one each; None where it is
                not known. They are read at ``BEST_SIZE`` times that.
            alternatives: Most other readings to give of each crop; above 0 by a beam search one wider than that.
            retry_below: Crops whose reading has a lower probability, but not below 1e-4, are read again at a second
                scale and, where that reads otherwise, at two more; what agrees best with all is taken; 0 for never.

        Returns:
            One reading a crop, in their order; a crop without ink gives an empty reading.

        Raises:
            ValueError: If a crop is not such an array, there are not as many scales as crops, or ``alternatives`` is
                negative.
        """
        return [reading for reading, _ in self.examine(crops, scale, alternatives, retry_below)]

    def examine(
        self,
        crops: Sequence[NDArray[np.uint8]],
        scale: float | Sequence[float | None] | None = None,
        alternatives: int = 0,
        retry_below: float = RETRY_BELOW,
    ) -> list[tuple[Reading, Evidence | None]]:
        """As ``predict``, each with what its confidence was made of; None for a crop without ink."""
        if alternatives < 0:
            raise ValueError(f"alternatives must be 0 or more, got {alternatives}")
        scales = list(scale) if isinstance(scale, Sequence) else [scale] * len(crops)
        if len(scales) != len(crops):
            raise ValueError(f"as many scales as crops expected, got {len(scales)} and {len(crops)}")
        inks = {n: ink for n, crop in enumerate(crops) if (ink := trimmed_ink(crop)) is not None}
        sizes = {
            n: text_scale(inks[n]) if own is None else BEST_SIZE * own for n, own in enumerate(scales) if n in inks
        }
        seen: dict[int, list[_Look]] = {n: [] for n in inks}
        left = list(inks)
        for factors in _ROUNDS:
            prepared = {
                (n, factor): ink
                for n in left
                for factor in factors
                if not _seen(ink := canvas(inks[n], sizes[n] * factor), seen[n])
            }
            looks = self._look(prepared, alternatives + 1)
            for n in left:
                seen[n] += [looks[n, factor] for factor in factors if (n, factor) in looks]
            left = [n for n in left if _doubtful(seen[n], retry_below)]
        answers: list[tuple[Reading, Evidence | None]] = [(_EMPTY, None)] * len(crops)
        for n in inks:
            answers[n] = self._reading(*_consensus(seen[n]), scales[n] is not None)
        return answers

    def _look(self, prepared: Mapping[Key, NDArray[np.uint8]], width: int) -> dict[Key, _Look]:
        """What the network reads on each canvas, up to ``width`` sequences of each."""
        looks = {}
        for keys in _batches(prepared):
            images = np.stack([prepared[key] for key in keys])[:, None].astype(np.float32) / 255.0
            if width == 1:
                found = [[decoded] for decoded in self._backend.decode(images)]
            else:
                found = self._backend.search(images, width)
            looks.update({key: _Look(prepared[key], best) for key, best in zip(keys, found, strict=True)})
        return looks

    def _reading(self, look: _Look, disagreement: float, placed: bool) -> tuple[Reading, Evidence]:
        """LaTeX, confidence and validity of what was seen, and what speaks for it."""
        decoded = look.found[0]
        tokens = self._vocabulary.decode(decoded.ids)
        latex, valid = written(tokens)
        others = (pretty(self._vocabulary.decode(other.ids)) for other in look.found[1:])
        log_probs = decoded.log_probs if decoded.stopped == "end" else []
        evidence = evidence_of(log_probs, tokens, look.ink, placed, disagreement)
        reading = Reading(
            latex=latex,
            tokens=tuple(tokens),
            confidence=self._calibration.confidence(evidence),
            valid=valid,
            stopped=decoded.stopped,
            alternatives=tuple(other for other in dict.fromkeys(others) if other != latex),
            token_confidences=tuple(
                float(np.exp(log_prob))
                for number, log_prob in zip(decoded.ids, decoded.log_probs, strict=False)  # the end has one too
                if number >= UNK
            ),
        )
        return reading, evidence


class _Look(NamedTuple):
    """Sequences read on one canvas, the likeliest first, at least one."""

    ink: NDArray[np.uint8]
    found: list[Decoded]

    @property
    def log_prob(self) -> float:
        """Of the likeliest sequence; ``-inf`` where it was cut."""
        return sum(self.found[0].log_probs) if self.found[0].stopped == "end" else -np.inf

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the likeliest sequence."""
        return tuple(self.found[0].ids)


def _seen(ink: NDArray[np.uint8], looks: Sequence[_Look]) -> bool:
    """Whether this very canvas was looked at: a crop that is as large as the network takes comes no larger."""
    return any(np.array_equal(ink, look.ink) for look in looks)


def _doubtful(looks: Sequence[_Look], below: float) -> bool:
    """Whether a crop is to be read again: at first by its probability, then until all looks agree."""
    if len(looks) == 1:
        return _RETRY_ABOVE <= np.exp(looks[0].log_prob) < below
    return len({look.ids for look in looks}) > 1


def _consensus(looks: Sequence[_Look]) -> tuple[_Look, float]:
    """The look whose reading is nearest to all of them, and the share that reads otherwise, by weight.

    A likely reading weighs more, by the mean log-probability of its tokens; one that was cut weighs nothing and is not
    taken where another ended. How near two readings are: Dice's coefficient of their pairs of neighbouring tokens.

    Source:
        Minimum Bayes risk: Kumar and Byrne, N04-1022.
    """
    weights = np.exp([_SHARPNESS * look.log_prob / (len(look.ids) + 1) for look in looks])
    if not weights.any():
        return looks[0], 0.0
    weights /= weights.sum()
    pairs = [Counter(pairwise((BOS, *look.ids, EOS))) for look in looks]
    near = np.array([[2 * (a & b).total() / (a.total() + b.total()) for b in pairs] for a in pairs])
    best = looks[int(np.where(weights > 0, near @ weights, -1.0).argmax())]
    other = np.array([look.ids != best.ids for look in looks])
    same = [look for look in looks if look.ids == best.ids]
    return max(same, key=lambda look: look.log_prob), float(other @ weights)


def _batches(prepared: Mapping[Key, NDArray[np.uint8]]) -> Iterator[list[Key]]:
    """Keys of canvases of one size each, at most so many pixels together."""
    by_size: dict[tuple[int, ...], list[Key]] = defaultdict(list)
    for key, ink in prepared.items():
        by_size[ink.shape].append(key)
    for size, keys in sorted(by_size.items()):
        most = max(1, _BATCH_PIXELS // (size[0] * size[1]))
        for start in range(0, len(keys), most):
            yield keys[start : start + most]
