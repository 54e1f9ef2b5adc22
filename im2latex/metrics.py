r"""How close predicted tokens are to the truth: exact match, edit similarity, BLEU, and tokens as papers count them.

Tokens are canonical (``mathocr.data.latex.tokenize``) where a score is ours, and :func:`plain_tokens` where it is set
beside a paper's. Scores of one tokeniser say nothing about those of another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

BLEU_ORDER = 4  # Papineni et al.: unigrams to 4-grams
_COUNTS = 2 + 2 * BLEU_ORDER

_PLAIN = re.compile(
    r"\\(?:begin|end)\s*\{\s*[A-Za-z]+\*?\s*\}"  # an environment's border is one token
    r"|\\(?:left|right)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|\S)"  # so is a delimiter with its size command
    r"|\\[A-Za-z]+\*?|\\\S|\S"  # a control space is left as its backslash, as a split at spaces leaves it
)


def exact_match(preds: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether two token sequences are the same.

    Args:
        preds: Tokens.
        targets: Tokens.
    """
    return list(preds) == list(targets)


def edit_similarity(preds: Sequence[str], targets: Sequence[str]) -> float:
    """How little must be edited to turn one token sequence into the other.

        1 - edit distance / length of the longer sequence

    A set's score is the mean over its formulas, so that a short formula weighs as much as a long one.

    Args:
        preds: Tokens.
        targets: Tokens.

    Returns:
        In [0, 1]; 1 for two empty sequences.

    Source:
        Levenshtein 1966, by rapidfuzz.
    """
    return Levenshtein.normalized_similarity(preds, targets)


def corpus_edit_similarity(preds: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]) -> float:
    """Edit similarity of a whole set as papers on im2latex-100k give it: a token weighs the same in every formula.

        1 - sum of edit distances / sum of lengths of the longer sequences

    Args:
        preds: Tokens of each formula.
        targets: Tokens of each formula, in the same order.

    Returns:
        In [0, 1]; 1 where there are no tokens at all.

    Raises:
        ValueError: If the numbers of formulas differ.

    Source:
        ``evaluate_text_edit_distance.py`` of Deng et al., ICML 2017, arXiv:1609.04938.
    """
    _same_length(preds, targets)
    edits = sum(map(Levenshtein.distance, preds, targets))
    longest = sum(max(len(pred), len(target)) for pred, target in zip(preds, targets, strict=True))
    return 1 - edits / longest if longest else 1.0


def bleu(preds: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU of token sequences, one reference each.

        100 * brevity penalty * geometric mean of the precisions of 1- to 4-grams, counted over the whole set

    The mean of BLEU over single formulas is another and less stable number, and is not used.

    Args:
        preds: Tokens of each formula.
        targets: Tokens of each formula, in the same order.

    Returns:
        In [0, 100], higher is better; 0 for an empty set, and where no 1-gram is right.

    Raises:
        ValueError: If the numbers of formulas differ.

    Source:
        Papineni et al., ACL 2002; sacrebleu's formula and smoothing (``exp``), without a tokeniser of its own.
    """
    _same_length(preds, targets)
    if not preds:
        return 0.0
    return bleu_from_counts(np.sum([bleu_counts(*pair) for pair in zip(preds, targets, strict=True)], axis=0))


def bleu_counts(preds: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """What one formula adds to BLEU; counts of many are added up, so that a set need not be held in memory.

    Args:
        preds: Tokens.
        targets: Tokens.

    Returns:
        Int64 ``(10,)``: length of the prediction, length of the target, then for 1- to 4-grams how many of the
        prediction's are right, then how many it has.
    """
    counts = np.zeros(_COUNTS, np.int64)
    counts[0], counts[1] = len(preds), len(targets)
    for n in range(1, BLEU_ORDER + 1):
        found, there = _ngrams(preds, n), _ngrams(targets, n)
        counts[1 + n] = (found & there).total()
        counts[1 + BLEU_ORDER + n] = found.total()
    return counts


def bleu_from_counts(counts: NDArray[np.int64]) -> float:
    """Corpus BLEU of added counts.

    Args:
        counts: Sum of :func:`bleu_counts` over formulas, ``(10,)``.

    Returns:
        As :func:`bleu`.

    Raises:
        ValueError: If the shape is another.
    """
    from sacrebleu.metrics.bleu import BLEU

    if np.shape(counts) != (_COUNTS,):
        raise ValueError(f"counts must be ({_COUNTS},), got {np.shape(counts)}")
    (pred, target), right, total = (part.tolist() for part in np.split(np.asarray(counts), [2, 2 + BLEU_ORDER]))
    return float(BLEU.compute_bleu(right, total, sys_len=pred, ref_len=target, smooth_method="exp").score)


def plain_tokens(tex: str) -> list[str]:
    r"""Tokens as papers on im2latex-100k count them: commands and single characters, nothing made alike.

    Text that im2markup normalised splits at its spaces. In other text a command, a character, ``\left(`` and
    ``\begin{array}`` are a token each; spaces are none. Sources that TeX draws alike stay different, so scores on
    plain tokens are lower than on canonical ones, and partly measure the style of the source.

    Args:
        tex: LaTeX without math delimiters.

    Source:
        ``preprocess_formulas.py`` of Deng et al., ICML 2017, arXiv:1609.04938.
    """
    return ["".join(token.split()) for token in _PLAIN.findall(tex)]


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of ``n`` tokens occurs."""
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _same_length(preds: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]) -> None:
    if len(preds) != len(targets):
        raise ValueError(f"as many predictions as targets expected, got {len(preds)} and {len(targets)}")
