"""Skips what this machine cannot run, with the reason."""

import pytest

from mathocr.data.synthesis.tex import TexMissing, find_tex


def pytest_runtest_setup(item):
    if item.get_closest_marker("tex"):
        try:
            find_tex()
        except TexMissing as missing:
            pytest.skip(str(missing))
