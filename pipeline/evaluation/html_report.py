"""A report as one HTML page that stands alone: text, plots, cases to look at, pages with the detector's errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from mathocr.data.samples import Image
from mathocr.pipeline.evaluation.gallery import Case
from mathocr.pipeline.evaluation.markdown_html import markdown_to_html
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.region_errors import judge_regions
from mathocr.pipeline.evaluation.report_plots import plots_of
from mathocr.pipeline.mathml import mathml

_PAGE_SIDE = 1100  # px of the longer side of pages shown
_CROP_SIDE = 900
_VERDICTS = ("right", "wrong kind", "missed", "false", "merged", "split", "misplaced")


def to_html(
    report: Mapping[str, Any], text: str, cases: Iterable[Case], pages: Iterable[tuple[str, Record, Image]]
) -> str:
    """The page.

    Args:
        report: As ``assemble`` makes it.
        text: The report as Markdown.
        cases: Crops to show.
        pages: Group, record and pixels of pages to show.
    """
    title = f"mathocr: evaluation on {report['data']['name']}"
    articles = "".join(map(_case, cases))
    sheets = "".join(_page(*page) for page in pages)
    return stand_alone(title, text, plots_of(report), articles, sheets)


def stand_alone(title: str, text: str, drawn: Mapping[str, str], articles: str = "", sheets: str = "") -> str:
    """A page of a report's text and plots.

    Args:
        title: Of the page.
        text: Markdown; what comes before the first heading but targets is the summary, at the top.
        drawn: Name to SVG.
        articles: HTML of cases to filter and sort.
        sheets: HTML of pages.
    """
    top, numbers = _halves(text)
    plots = "".join(f'<figure id="plot-{name}">{plot}</figure>' for name, plot in drawn.items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_asset("report.css")}</style></head><body>
<main>{markdown_to_html(top)}</main>
<nav>{_links(plots=plots, gallery=articles, pages=sheets, numbers=numbers)}</nav>
<section id=plots class=plots>{plots}</section>
{_gallery(articles)}
{_sheets(sheets)}
<section id=numbers>{markdown_to_html(numbers)}</section>
<script>{_asset("report.js")}</script></body></html>
"""


def _halves(text: str) -> tuple[str, str]:
    """The summary and targets of a report, and the rest, which a reader looks up."""
    found = re.search(r"^## (?!Targets)", text, re.MULTILINE)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _links(**parts: str) -> str:
    """Links to the parts of the page that have something in them."""
    names = {"plots": "plots", "gallery": "cases", "pages": "pages", "numbers": "all numbers"}
    return " ".join(f'<a href="#{part}">{names[part]}</a>' for part, content in parts.items() if content)


def _gallery(articles: str) -> str:
    """Cases with what filters and sorts them."""
    if not articles:
        return ""
    return f"""<section id=gallery><h2>Cases</h2>
<form id=controls>
<input id=search type=search placeholder="LaTeX, file" aria-label="search">
<select id=group aria-label="group"><option value="">worst and random</option><option>worst</option>
<option>random</option></select>
<select id=outcome aria-label="outcome"><option value="">right and wrong</option><option>right</option>
<option>wrong</option><option>invalid</option></select>
<select id=kind aria-label="kind"><option value="">all kinds</option><option>inline</option>
<option>display</option></select>
<select id=sort aria-label="sort"><option value="order">as chosen</option>
<option value="edit">least similar first</option><option value="sure">surest first</option>
<option value="unsure">least sure first</option>
<option value="length">longest first</option></select>
<output id=shown></output></form>
<p class=note>Tokens are coloured by their confidence, red to green; underlined ones are wrong, struck ones were
missed.</p>
<div id=cases>{articles}</div></section>"""


def _case(case: Case) -> str:
    """A crop: picture, truth and reading drawn, tokens."""
    record = case.record
    outcome = "right" if record["canonical"]["exact"] else "wrong" if record["valid"] else "invalid"
    facts = {
        "group": case.group, "outcome": outcome, "kind": record["kind"] or "", "edit": record["canonical"]["edit"],
        "confidence": record["confidence"], "length": len(record["target"]),
        "text": f"{record['tex']} {record['latex']} {record['where']}".lower(),
    }  # fmt: skip
    data = " ".join(f'data-{key}="{escape(str(value))}"' for key, value in facts.items())
    picture = "<em>the image is gone</em>" if case.image is None else _picture(case.image, _CROP_SIDE, ".png")
    return f"""<article class="case {outcome}" {data}>{picture}
<dl><dt>truth</dt><dd>{mathml(record["tex"])}</dd><dt>read</dt><dd>{mathml(record["latex"])}</dd></dl>
<p class=tokens>{_tokens(record)}</p>
<details><summary>{outcome}, edit similarity {record["canonical"]["edit"]:.3f}, confidence {record["confidence"]:.3f},
{escape(record["where"])}</summary><pre>{escape(record["tex"])}\n{escape(record["latex"])}</pre>
<small>{case.group}; ended by {record["stopped"]}; {record["ms"]:.0f} ms</small></details></article>
"""


def _tokens(record: Record) -> str:
    """The tokens read, coloured by confidence, with what is wrong and what is missing marked."""
    read, target = record["tokens"], record["target"]
    sure = record["token_confidences"] or [None] * len(read)
    parts = []
    for step in Levenshtein.opcodes(read, target):
        wrong = " wrong" if step.tag in ("replace", "delete") else ""
        for token, value in zip(read[step.src_start : step.src_end], sure[step.src_start : step.src_end], strict=True):
            colour = "" if value is None else f' style="--c:{value}" title="{value:.3f}"'
            parts.append(f'<span class="token{wrong}"{colour}>{escape(token)}</span>')
        if step.tag in ("replace", "insert"):
            parts += [f"<del>{escape(token)}</del>" for token in target[step.dest_start : step.dest_end]]
    return " ".join(parts)


def _sheets(sheets: str) -> str:
    """Pages with a switch for each verdict."""
    if not sheets:
        return ""
    switches = "".join(
        f'<label class="{_class(name)}"><input type=checkbox checked data-verdict="{_class(name)}">{name}</label> '
        for name in _VERDICTS
    )
    return f"""<section id=pages><h2>Pages</h2><form id=verdicts>{switches}</form>
<p class=note>Solid: what was found. Dashed: a formula that is there and was not found as it is. Point at a box for its
kind and score.</p>{sheets}</section>"""


def _page(group: str, record: Record, image: Image) -> str:
    """A page with its regions."""
    height, width = record["size"]
    found = [region for region in record["regions"] if region["kept"]]
    of_found, of_targets = judge_regions(found, record["targets"])
    boxes = [_box(row, verdict, "found") for row, verdict in zip(found, of_found, strict=True)]
    boxes += [
        _box(row, verdict, "true")
        for row, verdict in zip(record["targets"], of_targets, strict=True)
        if verdict not in ("right", "wrong kind")
    ]
    counts = {
        name: list(map(str, of_found)).count(name) or list(map(str, of_targets)).count(name) for name in _VERDICTS
    }
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no formulas"
    return f"""<figure class=sheet><figcaption>{escape(record["where"])} ({group}): {said}</figcaption>
<div>{_picture(image, _PAGE_SIDE, ".jpg")}<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none">
{"".join(boxes)}</svg></div></figure>"""


def _box(row: Mapping[str, Any], verdict: str, side: str) -> str:
    x0, y0, x1, y1 = row["box"]
    score = f" {row['score']:.2f}" if "score" in row else ""
    return (
        f'<rect class="{_class(verdict)} {side}" x="{x0}" y="{y0}" width="{x1 - x0:.2f}" height="{y1 - y0:.2f}">'
        f"<title>{verdict}, {row['kind']}{score}</title></rect>"
    )


def _class(verdict: str) -> str:
    return "v-" + verdict.replace(" ", "-")


def _picture(image: Image, side: int, ending: str) -> str:
    """An image inside the page, not larger than ``side`` pixels."""
    scale = side / max(image.shape[:2])
    if scale < 1:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    turned = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    options = [cv2.IMWRITE_JPEG_QUALITY, 60] if ending == ".jpg" else []
    blob = base64.b64encode(cv2.imencode(ending, turned, options)[1].tobytes()).decode()
    return f'<img alt="" src="data:image/{"jpeg" if ending == ".jpg" else "png"};base64,{blob}">'


def _asset(name: str) -> str:
    """Text of a file beside this one."""
    return files("mathocr.pipeline.evaluation").joinpath(name).read_text(encoding="utf-8")
