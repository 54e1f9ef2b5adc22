"""The index of a folder of vector shards: its manifest, and which shard an item is in."""

from __future__ import annotations

import bisect
import json
from itertools import accumulate
from pathlib import Path
from typing import Any


class ShardIndex:
    """What a manifest says of its shards.

    Args:
        folder: Holds ``manifest.json``.
        format: Format name that the manifest must state.
        item: What a shard holds, for messages: ``formula`` or ``page``; ``mathocr data build`` makes them.
        count: Key of the number of items in a shard's entry.
        names: Keys of an entry that name its files.

    Attributes:
        shards: The values of ``names`` for each shard.

    Raises:
        OSError: If the manifest is missing.
        ValueError: If it is damaged or of another format.
    """

    def __init__(self, folder: Path, format: str, item: str, count: str, names: tuple[str, ...]) -> None:
        self._folder, self._item = folder, item
        path = folder / "manifest.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such manifest; `mathocr data build {item}s` makes {item} shards")
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found = manifest.get("format")
            self.shards = [tuple(str(shard[name]) for name in names) for shard in manifest["shards"]]
            self._ends = list(accumulate(int(shard[count]) for shard in manifest["shards"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: damaged manifest ({error!r})") from error
        if found != format:
            raise ValueError(f"{path}: expected format {format!r}, got {found!r}")

    def __len__(self) -> int:
        """Number of items."""
        return self._ends[-1] if self._ends else 0

    def size(self, shard: int) -> int:
        """Number of items in a shard."""
        return self._ends[shard] - (self._ends[shard - 1] if shard else 0)

    def find(self, index: int) -> tuple[int, int]:
        """Shard of an item, and the item's place in it.

        Raises:
            IndexError: If there is no such item.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{self._folder}: {self._item} {index} of {len(self)}")
        shard = bisect.bisect_right(self._ends, index)
        return shard, index - (self._ends[shard - 1] if shard else 0)
