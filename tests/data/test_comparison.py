import numpy as np

from mathocr.data.comparison import repeated, shared


def test_repeated_names_the_first_row_and_ignores_zero():
    assert list(repeated(np.array([5, 0, 7, 5, 0, 5, 7], np.uint64))) == [(3, 0), (5, 0), (6, 2)]
    assert list(repeated(np.zeros(0, np.uint64))) == []


def test_shared_gives_the_first_row_of_theirs():
    largest = 2**64 - 1
    mine = np.array([3, 0, largest, 9, 4], np.uint64)
    theirs = np.array([0, 9, 3, 9, largest], np.uint64)
    assert shared(mine, theirs).tolist() == [2, -1, 4, 1, -1]
    assert shared(mine, np.zeros(0, np.uint64)).tolist() == [-1] * 5
    assert shared(np.zeros(0, np.uint64), theirs).tolist() == []
