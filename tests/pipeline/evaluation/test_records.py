"""Records survive a kill, and a run goes on where it was."""

import pytest

from mathocr.pipeline.evaluation.records import RecordFile, read_records, run_id


def test_a_torn_line_is_dropped_and_the_rest_kept(tmp_path):
    path = tmp_path / "deep" / "records.jsonl"
    with RecordFile(path) as records:
        records.append([{"row": 4, "tex": "\\alpha é"}, {"row": 1}])
    with path.open("a") as file:
        file.write('{"row": 7, "te')
    with RecordFile(path) as records:
        assert records.done == {1, 4}
        records.append([{"row": 7}])
    assert [record["row"] for record in read_records(path)] == [4, 1, 7]


def test_a_file_of_one_torn_line_starts_anew(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"row"')
    with RecordFile(path) as records:
        assert records.done == frozenset()
    assert path.read_text() == ""


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"row": 1}\n[2]\n')
    with pytest.raises(ValueError, match=r"records\.jsonl: line 2 is no record"):
        RecordFile(path)


def test_run_id_depends_on_every_part():
    first = run_id(rows=(1, 2), models={"im2latex": "ab"})
    assert first == run_id(models={"im2latex": "ab"}, rows=(1, 2))
    assert len({first, run_id(rows=(1, 3), models={"im2latex": "ab"}), run_id(rows=(1, 2), models={})}) == 3
