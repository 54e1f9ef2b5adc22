"""Files are there whole or not at all."""

from pathlib import Path

import pytest

from mathocr.data.files import write_atomically


def test_a_file_takes_the_place_of_another(tmp_path):
    path = tmp_path / "a.bin"
    for blob in (b"first", b"\x00second"):
        write_atomically(path, blob)
        assert path.read_bytes() == blob
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_atomically(path, b"first")
    write = Path.write_bytes

    def full(self, blob):
        write(self, blob[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"second")
    assert path.read_bytes() == b"first"
