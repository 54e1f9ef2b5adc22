"""From crops to LaTeX: the recogniser as others use it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import ModelIdentity, Reading, Stopped
from mathocr.data.latex import pretty, written
from mathocr.data.onnx_session import choose_backend
from mathocr.data.weights import Weights, read_weights
from mathocr.im2latex.calibration import Calibration
from mathocr.im2latex.cutting import lay_out
from mathocr.im2latex.decoding import Decoded
from mathocr.im2latex.evidence import Evidence, evidence_of
from mathocr.im2latex.looks import Look, consensus, doubtful, seen_before
from mathocr.im2latex.onnx_backend import OnnxBackend
from mathocr.im2latex.pieces import JOINTS, Layout
from mathocr.im2latex.prepare import BEST_SIZE, canvas, narrowed, text_scale, trimmed_ink
from mathocr.im2latex.rewriting import rewritten
from mathocr.im2latex.vocabulary import UNK, Vocabulary

FORMAT = "mathocr-im2latex/1"
RELEASED = Path(__file__).parent / "weights" / "im2latex.safetensors"
_BATCH_PIXELS = 16 * 64 * 384  # in one batch: bounds memory on large crops
RETRY_BELOW = 0.8
_ROUNDS = ((1.0,), (1.25,), (0.78, 1.4))  # how large a crop is read, round by round while that leaves a doubt
# Type of low resolution looks larger than it is, and half of an estimate is believed (``text_scale``): what is enlarged
# by more than so many times the usual, and less likely than that, is read so much larger (docs/TRAINING.md). Type whose
# size is told is treated alike.
_SMALL_TYPE, _ILLEGIBLE, _MUCH_LARGER = 1.03, float(np.log(0.01)), 1.5
_JOINED_ABOVE = -6.0  # log-probability of all pieces below which a formula is also read as a whole
_EMPTY = Reading(latex="", tokens=(), confidence=1.0, valid=True, stopped="end")

_WHOLE = -1
Key = tuple[int, int]  # number of a crop, and of a piece of it, or _WHOLE
Sight = tuple[Key, float]  # and how much larger than usual it is read


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
        self._joins = JOINTS.issubset(self._vocabulary.tokens)
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
            alternatives: Most other readings to give of each crop; above 0 by a beam search one wider than that. Those
                of a large formula, which is read in pieces, differ in one of them.
            retry_below: Crops whose reading has a lower probability, but not below 1e-4, are read again at a second
                scale and, where that reads otherwise, at two more; what agrees best with all is taken; small type that
                is hardly legible is read much larger. 0 for never.
                Pieces of a large formula are crops of their own in this.

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
        told = {n: None if own is None else 1.0 / own for n, own in enumerate(scales) if n in inks}
        laid_out = {n: plan for n, ink in inks.items() if self._joins and (plan := lay_out(ink, told[n])) is not None}
        whole = {
            (n, _WHOLE): (ink, BEST_SIZE / size if (size := told[n]) else text_scale(ink)) for n, ink in inks.items()
        }
        pieces = {key: one for key, one in whole.items() if key[0] not in laid_out} | {
            (n, number): (inks[n][box.y0 : box.y1, box.x0 : box.x1], whole[n, _WHOLE][1])
            for n, layout in laid_out.items()
            for number, box in enumerate(layout.boxes)
        }
        found = self._read(pieces, alternatives, retry_below)
        best = {n: found[n, _WHOLE] for n in inks if n not in laid_out}
        for n, layout in laid_out.items():
            read = [found[n, number] for number in range(len(layout.boxes))]
            best[n] = self._join(read, layout, canvas(*whole[n, _WHOLE]), alternatives)
        doubted = [n for n in laid_out if best[n][0].log_prob < _JOINED_ABOVE]
        again = self._read({(n, _WHOLE): whole[n, _WHOLE] for n in doubted}, alternatives, retry_below)
        best |= {n: max(best[n], again[n, _WHOLE], key=lambda one: one[0].log_prob) for n in doubted}
        answers: list[tuple[Reading, Evidence | None]] = [(_EMPTY, None)] * len(crops)
        for n in inks:
            answers[n] = self._reading(*best[n], scales[n] is not None)
        return answers

    def _read(
        self, pieces: Mapping[Key, tuple[NDArray[np.uint8], float]], alternatives: int, retry_below: float
    ) -> dict[Key, tuple[Look, float]]:
        """Of each piece, ink and its magnification, what agrees best with the looks at it, see ``consensus``."""
        seen: dict[Key, list[Look]] = {key: [] for key in pieces}
        left = list(pieces)
        pieces = {key: (narrowed(ink, scale), scale) for key, (ink, scale) in pieces.items()}
        for factors in _ROUNDS:
            prepared = {
                (key, factor): ink
                for key in left
                for factor in factors
                if not seen_before(ink := canvas(pieces[key][0], pieces[key][1] * factor), seen[key])
            }
            looks = self._look(prepared, alternatives + 1)
            for key in left:
                seen[key] += [looks[key, factor] for factor in factors if (key, factor) in looks]
            if factors == _ROUNDS[0] and retry_below:
                self._enlarge(pieces, seen, alternatives)
            left = [key for key in left if doubtful(seen[key], retry_below)]
        return {key: consensus(looks) for key, looks in seen.items()}

    def _enlarge(
        self, pieces: dict[Key, tuple[NDArray[np.uint8], float]], seen: dict[Key, list[Look]], alternatives: int
    ) -> None:
        """Read small type that is hardly legible much larger; what that reads more surely is so large from now on,
        and the look before has no say.
        """
        larger = {
            key: (ink, scale * _MUCH_LARGER)
            for key, (ink, scale) in pieces.items()
            if scale > _SMALL_TYPE * BEST_SIZE and seen[key][0].log_prob < _ILLEGIBLE
        }
        prepared = {
            (key, 1.0): ink for key, piece in larger.items() if not seen_before(ink := canvas(*piece), seen[key])
        }
        for (key, _), look in self._look(prepared, alternatives + 1).items():
            if look.log_prob > seen[key][0].log_prob:
                pieces[key], seen[key] = larger[key], [look]

    def _join(
        self, read: Sequence[tuple[Look, float]], layout: Layout, ink: NDArray[np.uint8], alternatives: int
    ) -> tuple[Look, float]:
        """Pieces as one reading of the formula; its alternatives are other readings of one piece each."""
        first = [look.found[0] for look, _ in read]
        others = [
            self._joined([*first[:number], other, *first[number + 1 :]], layout)
            for number, (look, _) in enumerate(read)
            for other in look.found[1:]
        ]
        others = sorted(others, key=lambda other: -sum(other.log_probs))[:alternatives]
        disagreement = 1.0 - float(np.prod([1.0 - share for _, share in read]))
        return Look(ink, [self._joined(first, layout), *others]), disagreement

    def _joined(self, read: Sequence[Decoded], layout: Layout) -> Decoded:
        """One sequence of those of the pieces; what holds them together is taken for sure."""
        tokens = layout.joined([self._vocabulary.decode(piece.ids) for piece in read])
        log_probs = [log_prob for piece in read for log_prob in piece.log_probs[: len(piece.ids)]]
        stopped: Stopped = next((piece.stopped for piece in read if piece.stopped != "end"), "end")
        ends = [piece.log_probs[len(piece.ids)] for piece in read if piece.stopped == "end"]
        return Decoded(
            self._vocabulary.encode([token for token, _ in tokens]),
            [*(0.0 if number < 0 else log_probs[number] for _, number in tokens), float(sum(ends))],
            stopped,
        )

    def _look(self, prepared: Mapping[Sight, NDArray[np.uint8]], width: int) -> dict[Sight, Look]:
        """What the network reads on each canvas, up to ``width`` sequences of each."""
        looks = {}
        for keys in _batches(prepared):
            images = np.stack([prepared[key] for key in keys])[:, None].astype(np.float32) / 255.0
            if width == 1:
                found = [[decoded] for decoded in self._backend.decode(images)]
            else:
                found = self._backend.search(images, width)
            looks.update({key: Look(prepared[key], best) for key, best in zip(keys, found, strict=True)})
        return looks

    def _reading(self, look: Look, disagreement: float, placed: bool) -> tuple[Reading, Evidence]:
        """LaTeX, confidence and validity of what was seen, and what speaks for it."""
        decoded = look.found[0]
        tokens = self._vocabulary.decode(decoded.ids)
        said = [
            float(np.exp(log_prob))
            for number, log_prob in zip(decoded.ids, decoded.log_probs, strict=False)  # the end has one too
            if number >= UNK
        ]
        canonical, confidences = rewritten(tokens, said)
        latex, valid = written(canonical)
        others = (pretty(rewritten(self._vocabulary.decode(other.ids), ())[0]) for other in look.found[1:])
        log_probs = decoded.log_probs if decoded.stopped == "end" else []
        evidence = evidence_of(log_probs, tokens, look.ink, placed, disagreement)
        reading = Reading(
            latex=latex,
            tokens=canonical,
            confidence=self._calibration.confidence(evidence),
            valid=valid,
            stopped=decoded.stopped,
            alternatives=tuple(other for other in dict.fromkeys(others) if other != latex),
            token_confidences=confidences,
        )
        return reading, evidence


def _batches(prepared: Mapping[Sight, NDArray[np.uint8]]) -> Iterator[list[Sight]]:
    """Keys of canvases of one size each, at most so many pixels together."""
    by_size: dict[tuple[int, ...], list[Sight]] = defaultdict(list)
    for key, ink in prepared.items():
        by_size[ink.shape].append(key)
    for size, keys in sorted(by_size.items()):
        most = max(1, _BATCH_PIXELS // (size[0] * size[1]))
        for start in range(0, len(keys), most):
            yield keys[start : start + most]
