"""Build page shards: documents typeset by TeX with the exact ink box of every formula, as PDF and JSONL."""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from tqdm import tqdm

from mathocr.data.page_shards import FORMAT
from mathocr.data.synthesis.fonts import FontSetup, available_fonts
from mathocr.data.synthesis.layouts import LAYOUTS, Layout, preamble
from mathocr.data.synthesis.marks import PageMarks, marked_objects, parse_marks, split_lines, union
from mathocr.data.synthesis.material import Material, drop_unknown, read_corpus, read_tex, source_filter
from mathocr.data.synthesis.phrases import MATH_SENTENCES
from mathocr.data.synthesis.tex import TexMissing, TexRun, find_tex, run_tex
from mathocr.data.synthesis.writer import Writer

PAGES_PER_SHARD = 10
_ROUNDS = 8
_LINE_GAP_PT = 34.0  # ends of a formula further apart than this are not on neighbouring lines
_AXIS_PT = 2.5  # height of a line's middle above its baseline at 10 pt
_OVERFULL = re.compile(r"Overfull \\hbox \(([\d.]+)pt too wide\) in paragraph at lines (\d+)--(\d+)")
_MAX_OVERFULL_PT = 12.0


@dataclass
class Shard:
    """One finished document: the PDF's bytes, its rows, and what was dropped and why."""

    pdf: bytes = b""
    rows: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """What the worker processes share."""

    material: Material
    layouts: tuple[Layout, ...]
    fonts: tuple[FontSetup, ...]
    sources: dict[str, float]
    seed: int


def build_document(plan: Plan, index: int, pages: int) -> Shard:
    """Typeset document ``index`` with at most ``pages`` pages; the same plan and index give the same document."""
    rng = random.Random(f"{plan.seed}/{index}")
    layout = rng.choices(plan.layouts, [item.weight for item in plan.layouts])[0]
    font = rng.choices(plan.fonts, [item.weight for item in plan.fonts])[0]
    own = rng.random() < 0.2
    source = rng.choices(list(plan.sources), list(plan.sources.values()))[0] if plan.sources else ""
    language = rng.choice(sorted(MATH_SENTENCES)) if own else "english"
    material = plan.material
    if own:
        material = Material({}, material.inline, material.display)
    writer = Writer(rng, material, source, language, numbered=rng.choice((0.05, 0.3, 0.6, 0.9)))
    head = preamble(layout, font, rng)
    layout.body(writer, int(layout.page_size * pages * 1.1))
    shard = Shard()
    with tempfile.TemporaryDirectory(prefix="mathocr-") as folder:
        run = _typeset(head, writer, Path(folder), shard.dropped)
        marks_file = Path(folder) / "job.marks"
        if run is None or run.pdf is None or not marks_file.exists():
            return shard
        shard.dropped["too wide or high"] += run.log.count("mathocr: too")
        marks = parse_marks(marks_file.read_text(encoding="utf-8", errors="replace"))
        _read_pages(run.pdf, marks, writer, pages, shard)
    for row in shard.rows:
        row.update(layout=layout.name, font=font.name, source=source, language=language)
    return shard


def _typeset(head: str, writer: Writer, folder: Path, dropped: Counter[str]) -> TexRun | None:
    """Run TeX, take out the lines it refuses or cannot break, until none is left; None where that does not end."""
    lines = [line for line, _ in writer.lines]
    offset = head.count("\n") + 2
    for attempt in range(_ROUNDS):
        run = run_tex("\n".join((head, *lines, r"\end{document}", "")), folder, timeout_s=90.0)
        bad: dict[int, str] = {}
        for line, message in run.errors:
            if 0 <= line - offset < len(lines):
                bad[line - offset] = re.sub(r"\\\S+|`[^']*'", "...", message)[:60]
        if not bad and attempt < 3:
            for width, first, last in _OVERFULL.findall(run.log):
                if float(width) > _MAX_OVERFULL_PT and int(last) - int(first) <= 1:
                    bad[int(first) - offset] = "overfull line"
        bad = {place: reason for place, reason in bad.items() if 0 <= place < len(lines)}
        for place, reason in bad.items():
            lines[place] = writer.lines[place][1] if lines[place] != writer.lines[place][1] else "%"
            dropped[reason] += 1
        if not bad:
            if run.errors or run.timed_out:
                reason = run.errors[0][1][:60] if run.errors else "time limit"
                dropped[f"document given up: {reason}"] += 1
                return None
            return run
    dropped["document given up: too many errors"] += 1
    return None


def _read_pages(path: Path, marks: dict[int, PageMarks], writer: Writer, limit: int, shard: Shard) -> None:
    """Fill the shard with the pages whose boxes are certain."""
    document = pdfium.PdfDocument(path)
    keep = []
    for number in range(len(document)):
        if len(keep) == limit:
            break
        page = document[number]
        row = _page_row(page, marks.get(number + 1, PageMarks()), writer, shard.dropped)
        if row is not None:
            keep.append(number)
            shard.rows.append(row | {"page": len(keep) - 1})
        page.close()
    if keep:
        with pdfium.PdfDocument.new() as chosen:
            chosen.import_pages(document, keep)
            target = path.with_name("chosen.pdf")
            chosen.save(str(target))
        shard.pdf = target.read_bytes()
    document.close()


def _page_row(page: pdfium.PdfPage, marks: PageMarks, writer: Writer, dropped: Counter[str]) -> dict[str, Any] | None:
    """The page's row, or None where a formula's box is not certain."""
    width, height = page.get_size()
    if marks.partial:
        dropped["page: formula broken over pages"] += 1
        return None
    objects = marked_objects(page)
    formulas: list[dict[str, Any]] = []
    for ident, marked in marks.formulas.items():
        boxes = objects.get(("Formula", ident), [])
        kind, tex = writer.formulas[ident]
        if not boxes:
            dropped["formula without ink"] += 1
            continue
        parts = [boxes]
        rise = marked.begin[1] - marked.end[1]
        if kind == "inline" and abs(rise) > 0.01:
            if not 0 < rise < _LINE_GAP_PT:
                dropped["page: formula broken over columns or several lines"] += 1
                return None
            parts = split_lines(boxes, height - marked.begin[1] - _AXIS_PT, height - marked.end[1] - _AXIS_PT)
        tags = [{"text": f"({t})", "box": _rounded(union(objects["Tag", ident]))} for t in marked.tags if ("Tag", ident) in objects]
        first = len(formulas)
        for part in parts:
            x0, y0, x1, y1 = box = union(part)
            if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
                dropped["page: formula outside of the page"] += 1
                return None
            formulas.append({
                "id": len(formulas), "box": _rounded(box), "kind": kind, "tex": tex,
                "tag": ", ".join(tag["text"] for tag in tags) or None, "tags": tags,
                "continues": first if len(formulas) > first else None,
            })  # fmt: skip
    if _any_overlap([formula["box"] for formula in formulas]):
        dropped["page: formulas overlap"] += 1
        return None
    return {"page": 0, "size": [round(width, 3), round(height, 3)], "formulas": formulas}


def _rounded(box: tuple[float, float, float, float]) -> list[float]:
    """A box in hundredths of a point, as JSON."""
    return [round(value, 2) for value in box]


def _any_overlap(boxes: list[list[float]]) -> bool:
    """Whether two formulas cover each other by more than a fifth of the smaller one."""
    for place, a in enumerate(boxes):
        for b in boxes[place + 1 :]:
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            if w > 0 and h > 0 and w * h > 0.2 * min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])):
                return True
    return False


_plan: Plan | None = None


def _work(job: tuple[int, int]) -> Shard:
    """One document in a worker process."""
    if _plan is None:
        raise RuntimeError("the plan is set before the workers start")
    return build_document(_plan, *job)


def build_pages(plan: Plan, output: Path, count: int, workers: int = 2) -> dict[str, Any]:
    """Write ``count`` pages as shards (``NNNNN.pdf``, ``NNNNN.jsonl``) and ``manifest.json`` into ``output``.

    Returns:
        The manifest.
    """
    global _plan
    _plan = plan
    output.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Any]] = []
    dropped: Counter[str] = Counter(plan.material.dropped)
    done = 0
    context = get_context("fork")
    with context.Pool(workers) as pool, tqdm(total=count, unit="page") as bar:
        jobs = ((index, PAGES_PER_SHARD) for index in range(10 * (count // PAGES_PER_SHARD + 2)))
        for index, shard in enumerate(_ordered(pool, jobs, 2 * workers)):
            dropped.update(shard.dropped)
            rows = shard.rows[: count - done]
            if rows:
                name = f"{len(shards):05d}"
                (output / f"{name}.pdf").write_bytes(shard.pdf)
                text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                (output / f"{name}.jsonl").write_text(text, encoding="utf-8")
                shards.append({"name": name, "pages": len(rows), "formulas": sum(len(r["formulas"]) for r in rows), "document": index})
                done += len(rows)
                bar.update(len(rows))
            if done >= count:
                break
    manifest = {
        "format": FORMAT, "kind": "pages", "pages": done, "formulas": sum(s["formulas"] for s in shards), "seed": plan.seed,
        "shards": shards, "dropped": dict(dropped.most_common()),
    }  # fmt: skip
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    return manifest


def _ordered(pool: Any, jobs: Any, ahead: int) -> Any:
    """Results in the order of the jobs, with only a few jobs begun before they are asked for."""
    pending = []
    for job in jobs:
        pending.append(pool.apply_async(_work, (job,)))
        if len(pending) > ahead:
            yield pending.pop(0).get()
    for result in pending:
        yield result.get()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``mathocr data build pages``."""
    parser.add_argument("--output", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--count", type=int, default=1000, help="number of pages")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="JSONL files with tex, kind, source")
    parser.add_argument("--tex", type=Path, nargs="*", default=[], help="folders of LaTeX sources, a subfolder each")
    parser.add_argument("--source", nargs="*", default=[], help="use only sources that match a pattern or @FILE of them")
    parser.add_argument("--not-source", nargs="*", default=[], help="leave out sources that match a pattern or @FILE")
    parser.add_argument("--layouts", nargs="*", default=None, help=f"of {', '.join(item.name for item in LAYOUTS)}")
    parser.add_argument("--fonts", nargs="*", default=None, help="font set-ups; all that are installed by default")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same pages")
    parser.add_argument("--workers", type=int, default=2, help="processes")


def run(args: argparse.Namespace) -> int:
    """Build the pages that the options ask for; 0, or 2 after one line on what is wrong with them."""
    try:
        find_tex()
        plan = make_plan(args)
        manifest = build_pages(plan, args.output, args.count, args.workers)
    except (ValueError, OSError, TexMissing) as error:
        print(f"mathocr data build pages: {error}", file=sys.stderr)
        return 2
    print(f"{manifest['pages']} pages with {manifest['formulas']} formulas in {args.output}", file=sys.stderr)
    for reason, number in list(manifest["dropped"].items())[:20]:
        print(f"  dropped {number}: {reason}", file=sys.stderr)
    return 0 if manifest["pages"] == args.count else 1


def make_plan(args: argparse.Namespace) -> Plan:
    """Read the material and check the names of layouts and fonts.

    Raises:
        ValueError: For an unknown layout or font, an unreadable list of sources, a bad corpus line, or a bad count.
    """
    if args.count < 1 or args.workers < 1:
        raise ValueError(f"--count and --workers must be at least 1, got {args.count} and {args.workers}")
    names = [item.name for item in LAYOUTS]
    unknown = sorted(set(args.layouts or ()) - set(names))
    if unknown:
        raise ValueError(f"unknown layout {', '.join(unknown)}; there are {', '.join(names)}")
    layouts = tuple(item for item in LAYOUTS if not args.layouts or item.name in args.layouts)
    fonts, _ = available_fonts(args.fonts)
    keep = source_filter(args.source, args.not_source)
    rng = random.Random(args.seed)
    material = read_corpus(args.corpus, keep, rng, limit=3000)
    prose = read_tex(args.tex, keep, rng, limit=min(1_500_000, 60_000 + 200 * args.count))
    drop_unknown(prose)
    material.runs = prose.runs
    material.dropped = prose.dropped
    return Plan(material, layouts, tuple(fonts), material.weights(), args.seed)


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(prog="mathocr data build pages", description=__doc__)
    add_arguments(_parser)
    raise SystemExit(run(_parser.parse_args()))
