"""Work that is spread over processes: order, what is begun ahead, and giving up."""

import operator
import os
from contextlib import closing
from itertools import count

import pytest

from mathocr.data.cores import in_order, usable_cores


def test_results_come_in_the_order_of_the_jobs():
    assert list(in_order(operator.mul, ((2, n) for n in range(9)), 2, os.getpid)) == list(range(0, 18, 2))
    assert usable_cores() >= 1


def test_few_jobs_are_begun_before_they_are_asked_for():
    asked = []
    jobs = ((asked.append(number) or number, 2) for number in count())
    with closing(in_order(operator.mul, jobs, 1, os.getpid)) as results:
        assert next(results) == 0
    assert len(asked) == 3


def test_an_error_of_a_job_ends_the_work():
    with pytest.raises(ZeroDivisionError):
        list(in_order(operator.truediv, ((1, 2 - n) for n in count()), 1, os.getpid))
