"""Random access to the lines of a text file without holding the file in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mathocr.data.samples import FormatError


class LineIndex:
    """Where each line of a file begins.

    Args:
        path: The file; lines end at ``\\n`` alone, other control characters belong to the line.
        skip_blank: Leave out lines without content (``numbers`` still counts them).
        encoding: Of the file.

    Raises:
        FormatError: If the file cannot be opened.
    """

    def __init__(self, path: Path, skip_blank: bool = True, encoding: str = "utf-8") -> None:
        self.path = path
        self.encoding = encoding
        starts, numbers, position = [], [], 0
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if not skip_blank or line.strip():
                        starts.append(position)
                        numbers.append(number)
                    position += len(line)
        except OSError as error:
            raise FormatError(f"{path}: {error.strerror}") from error
        self._starts: NDArray[np.int64] = np.array(starts, dtype=np.int64)
        self._numbers: NDArray[np.int32] = np.array(numbers, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._starts)

    def where(self, row: int) -> str:
        """File and line number (from 1) of row ``row`` (from 0)."""
        return f"{self.path}:{self._numbers[row]}"

    def line(self, row: int) -> str:
        """Text of row ``row`` (from 0), without its end.

        Raises:
            FormatError: If it is not in the encoding.
        """
        with self.path.open("rb") as file:
            file.seek(int(self._starts[row]))
            raw = file.readline()
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise FormatError(f"{self.where(row)}: not {self.encoding} text at byte {error.start}") from error
        return text.removeprefix("\ufeff").rstrip("\r\n")
