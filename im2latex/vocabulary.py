"""Token to id and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

PAD, BOS, EOS, UNK = 0, 1, 2, 3
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")


class Vocabulary:
    """The canonical tokens a recogniser knows, in a fixed order.

    Args:
        tokens: Canonical tokens, without the special ones; their ids start at 4.

    Raises:
        ValueError: If a token stands twice (the message names it).
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens: tuple[str, ...] = tuple(tokens)
        self._ids: dict[str, int] = {}
        for number, token in enumerate(SPECIALS + self.tokens):
            if token in self._ids:
                raise ValueError(f"token {token!r} stands twice in the vocabulary")
            self._ids[token] = number

    def __len__(self) -> int:
        return len(SPECIALS) + len(self.tokens)

    @classmethod
    def from_file(cls, path: Path) -> Vocabulary:
        """Read one token a line.

        Raises:
            ValueError: If the file is missing or a token stands twice (the message names the file).
        """
        from mathocr.data.vocabulary import read_tokens  # only trainings read files; predictors stay light

        if not path.is_file():
            raise ValueError(f"{path}: no such vocabulary file")
        try:
            return cls(read_tokens(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Ids of tokens; an unknown token becomes ``UNK``."""
        return [self._ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens of ids up to the first ``EOS``; padding and ``BOS`` are left out."""
        tokens = []
        for number in ids:
            if number == EOS:
                break
            if number > UNK:
                tokens.append(self.tokens[number - len(SPECIALS)])
            elif number == UNK:
                tokens.append(SPECIALS[UNK])
        return tokens
