"""Tells when a decoded sequence repeats itself without end, exactly or with small changes."""

from __future__ import annotations

from collections.abc import Sequence

_LOOP_SPAN = 24  # tokens: the longest pattern looked for
_LOOP_TIMES = 5  # a pattern this often in a row is a loop, if it also covers _LOOP_TOKENS
_LOOP_TOKENS = 20
# Small changes: so few different runs of four ids among the last 128. Of 455,171 real formulas, 10,643 of them as long
# as that, all but matrices have at least 27; sequences that a network could not end had 13.
_WINDOW, _RUN, _LEAST_RUNS = 128, 4, 22
_EVERY = 16  # tokens between two looks for them
_CELLS_SHARE = 0.2  # of the window: rows of a matrix are alike by nature


def loop_start(ids: Sequence[int], cell: int = -1) -> int | None:
    """Where a sequence began to repeat itself without end.

    A loop is a pattern of up to 24 ids that ends the sequence, stands there at least 5 times in a row, and covers
    at least 20 ids; so ten cells ``0 &`` in a row of a matrix are one too. It is also one where the last 128 ids, no
    more than a fifth of them ``cell``, are made of 21 different runs of four ids or fewer; this is looked for at every
    16th id only.

    Args:
        ids: Token ids so far; called after each of them.
        cell: Id of the token between the cells of a matrix.

    Returns:
        Index after the first occurrence of the pattern, or None where there is no loop.
    """
    for span in range(1, min(_LOOP_SPAN, len(ids) // _LOOP_TIMES) + 1):
        times = max(_LOOP_TIMES, -(-_LOOP_TOKENS // span))
        tail = ids[-span * times :]
        if len(tail) == span * times and all(tail[i] == tail[i - span] for i in range(span, len(tail))):
            start = len(ids) - span * times
            while start > 0 and ids[start - 1] == ids[start - 1 + span]:
                start -= 1
            return start + span
    return _near_loop_start(ids, cell) if len(ids) >= _WINDOW and len(ids) % _EVERY == 0 else None


def _near_loop_start(ids: Sequence[int], cell: int) -> int | None:
    """As ``loop_start``, for loops with small changes."""
    runs = [tuple(ids[i : i + _RUN]) for i in range(len(ids) - _RUN + 1)]
    start = len(ids) - _WINDOW
    known = set(runs[start:])
    if len(known) >= _LEAST_RUNS or list(ids[start:]).count(cell) > _CELLS_SHARE * _WINDOW:
        return None
    while start > 0 and runs[start - 1] in known:
        start -= 1
    seen: set[tuple[int, ...]] = set()
    while runs[start] not in seen:
        seen.add(runs[start])
        start += 1
    return start
