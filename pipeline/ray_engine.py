"""Reading files on a Ray cluster: Ray Data hands them to workers, each with the predictor that one machine uses."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Sequence
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports its use over the network otherwise

import pyarrow as pa
import ray
import ray.data

from mathocr.pipeline.inputs import BadInput
from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.read_task import File, ReadTask
from mathocr.pipeline.written_page import WrittenPage

_BLOCK_FILES = 8  # read by one call: their pages share batches, and are read again if the worker dies
_MOST_BLOCKS = 10_000  # each costs the driver some memory and time
_PAGE, _BAD, _STOP = 0, 1, 2
_ANSWERS = pa.schema(
    {
        **{"what": pa.int8(), "source": pa.string(), "page": pa.int64(), "count": pa.int64()},
        **{"text": pa.large_string(), "drawing": pa.large_binary()},
    }
)


def read_on_ray(
    task: ReadTask, files: Sequence[File], jobs: int | None = None, gpu: bool = False
) -> Generator[WrittenPage | BadInput, None, None]:
    """Read files with the workers of a cluster: the one of ``RAY_ADDRESS`` or ``ray start``, else one on this machine.

    Files are opened by the workers, under the same path on every node. The files of a block are answered together and
    once: where a worker or its node dies, Ray starts another and gives it the block anew.

    Args:
        task: What to do; its ``load`` travels to the workers.
        files: What ``expand_paths`` gave, without standard input.
        jobs: Workers; as many as the cluster has cores, or GPUs, if None.
        gpu: Whether each worker takes a GPU, not a core alone.

    Yields:
        Written pages and what could not be read, in the order of the files.

    Raises:
        RuntimeError: What stops a run on one machine too, in its words, such as weights that cannot be used.
    """
    paths = [file for file in files if not isinstance(file, BadInput)]
    yield from (file for file in files if isinstance(file, BadInput))
    if not paths:
        return
    own = not ray.is_initialized()
    if own:
        ray.init(include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    try:
        answers = _dataset(task, paths, jobs, gpu)
        for row in answers.iter_rows():
            yield _answer(row)
    finally:
        if own:
            ray.shutdown()


def _dataset(task: ReadTask, paths: Sequence[Path | str], jobs: int | None, gpu: bool) -> ray.data.Dataset:
    """The answers, not yet computed."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    resource = "GPU" if gpu else "CPU"
    workers = jobs or max(1, int(ray.cluster_resources().get(resource, 1)))
    blocks = min(_MOST_BLOCKS, -(-len(paths) // _BLOCK_FILES))
    rows = [{"file": os.fsencode(path)} for path in paths]
    return ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        _Worker,
        batch_size=None,  # a block
        batch_format="pyarrow",
        fn_constructor_args=(task, os.fsencode(Path.cwd())),
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=1,
        num_gpus=1 if gpu else None,
    )


def _answer(row: dict) -> WrittenPage | BadInput:
    """What a worker answered."""
    if row["what"] == _STOP:
        raise RuntimeError(row["text"])
    if row["what"] == _BAD:
        return BadInput(row["text"])
    return WrittenPage(row["source"], row["page"], row["count"], row["text"], row["drawing"])


class _Worker:
    """Reads blocks of files, one after the other.

    Args:
        task: What to do.
        folder: Where relative paths begin.
    """

    def __init__(self, task: ReadTask, folder: bytes) -> None:

        os.chdir(folder)
        self._task = task
        self._ocr: MathOCR | None = None

    def __call__(self, files: pa.Table) -> pa.Table:
        """Answers to a block, of schema ``_ANSWERS``."""
        paths = [Path(os.fsdecode(file)) for file in files["file"].to_pylist()]
        rows = []
        try:
            for answer in self._task.answers(self._task.open(paths), self._stages, jobs=1):
                rows.append(_row(answer))
        except (ValueError, RuntimeError, OSError) as error:  # trying again would not help: it ends the run
            rows = [_row(BadInput(str(error))) | {"what": _STOP}]
        return pa.Table.from_pylist(rows, schema=_ANSWERS)

    def _stages(self) -> MathOCR:
        self._ocr = self._ocr or self._task.load(1)
        return self._ocr


def _row(answer: WrittenPage | BadInput) -> dict:
    """An answer as a row of ``_ANSWERS``."""
    if isinstance(answer, BadInput):
        return {"what": _BAD, "source": "", "page": 0, "count": 0, "text": answer.message, "drawing": b""}
    return {"what": _PAGE, **vars(answer)}
