"""Plots as SVG text: lines and bars that need nothing but a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

SIZE = 420, 260  # width and height of a plot
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 44, 40  # room around the axes
_COLOURS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2", "#ca8a04")
_BAR, _GAP, _BARS_TOP = 16, 6, 28  # px
_LETTER, _LONGEST = 7, 28  # px that a letter of 11 px takes at most on average, letters of a name beside a bar
_MARKED = 40  # a line of more points has no marks: they would touch
_FONT = "font: 11px system-ui, sans-serif"

Points = Sequence[tuple[float, float]]


def line_plot(
    title: str, x_name: str, y_name: str, lines: Mapping[str, Points], diagonal: bool = False,
    x_range: tuple[float, float] | None = None, y_range: tuple[float, float] = (0.0, 1.0),
    size: tuple[int, int] = SIZE, ticks: Sequence[float] | None = None,
) -> str:  # fmt: skip
    """Lines, with a mark at each point where there is room.

    Args:
        title: Above the plot.
        x_name: Below it.
        y_name: At its left.
        lines: Name to points ``(x, y)``, in the order in which they are joined.
        diagonal: Whether to draw the line from corner to corner.
        x_range: Ends of the x axis; those of the points where None.
        y_range: Ends of the y axis.
        size: Width and height.
        ticks: Numbers on the x axis; four even steps where None.
    """
    width, height = size
    xs = [x for points in lines.values() for x, _ in points]
    low, high = x_range or (min(xs, default=0.0), max(xs, default=1.0))
    low, high = (low, high) if high > low else (low - 0.5, low + 0.5)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - low) / (high - low)
        up = (y - y_range[0]) / (y_range[1] - y_range[0])
        return _LEFT + across * (width - _LEFT - _RIGHT), height - _BOTTOM - up * (height - _TOP - _BOTTOM)

    parts = _axes(place, (low, high), y_range, (x_name, y_name), size, ticks)
    if diagonal:
        parts.append(_polyline([place(low, y_range[0]), place(high, y_range[1])], "#8888", dashed=True))
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [place(x, y) for x, y in points]
        parts.append(_polyline(places, colour))
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{escape(name)}: {point[0]:g}, '
            f"{point[1]:.4g}</title></circle>"
            for (x, y), point in zip(places, points, strict=True)
            if len(points) <= _MARKED
        ]
        if len(lines) > 1:  # beside the name of the y axis, where no line runs
            parts.append(_text(width - _RIGHT - 90 * (len(lines) - 1 - number), _TOP - 12, name, "end", colour))
    return _svg(title, width, height, parts)


def frontier_plot(title: str, y_name: str, models: Sequence[tuple[str, float, float, float]]) -> str:
    """Models by time and score, their area by size; a line joins those that no other beats in both.

    Args:
        title: Above the plot.
        y_name: What the score is.
        models: Name, milliseconds, score, megabytes.
    """
    width, height = SIZE
    models = sorted(models, key=lambda model: (model[1], -model[2]))
    times, scores = [model[1] for model in models], [model[2] for model in models]
    x_range = (0.0, 1.25 * max(times) or 1.0)
    room = 0.15 * (max(scores) - min(scores)) or 0.05
    y_range = (min(scores) - room, max(scores) + room)

    def place(x: float, y: float) -> tuple[float, float]:
        up = (y - y_range[0]) / (y_range[1] - y_range[0])
        across = x / x_range[1] * (width - _LEFT - _RIGHT)
        return _LEFT + across, height - _BOTTOM - up * (height - _TOP - _BOTTOM)

    names = ("milliseconds a sample; area of the circles: size", y_name)
    parts = _axes(place, x_range, y_range, names, SIZE, None)
    best = [m for n, m in enumerate(models) if m[2] > max((other[2] for other in models[:n]), default=-1.0)]
    parts.append(_polyline([place(ms, score) for _, ms, score, _ in best], "#8888", dashed=True))
    largest = max(model[3] for model in models) or 1.0
    for number, (name, ms, score, megabytes) in enumerate(models):
        (x, y), colour = place(ms, score), _COLOURS[number % len(_COLOURS)]
        radius = 3 + 9 * (megabytes / largest) ** 0.5
        note = f"{name}: {ms:.4g} ms, {score:.4f}, {megabytes:.4g} MB"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.6">'
                     f"<title>{escape(note)}</title></circle>")  # fmt: skip
        parts.append(_text(width - _RIGHT, height - _BOTTOM - 6 - 14 * number, note, "end", colour))
    return _svg(title, width, height, parts)


def bar_plot(title: str, bars: Sequence[tuple[str, float | None, str]], most: float = 1.0, width: int = SIZE[0]) -> str:
    """Bars across, one below the other.

    Args:
        title: Above the plot.
        bars: Name, length and what is written at the end; no bar where the length is None.
        most: Length of a bar across the whole plot.
        width: Of the plot.
    """
    names = _LETTER * max((len(_short(name)) for name, _, _ in bars), default=0) + 8
    room = max(40, width - names - _LETTER * max((len(note) for _, _, note in bars), default=0) - 8)
    parts = []
    for number, (name, value, note) in enumerate(bars):
        top = _BARS_TOP + number * (_BAR + _GAP)
        length = 0.0 if value is None else max(0.0, min(1.0, value / most)) * room
        parts.append(_text(names - 6, top + 12, _short(name), "end", "currentColor", name))
        parts.append(f'<rect x="{names}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{_COLOURS[0]}"/>')
        parts.append(_text(names + length + 5, top + 12, note, "start", "currentColor"))
    return _svg(title, width, _BARS_TOP + len(bars) * (_BAR + _GAP) + 6, parts)


def grid(title: str, plots: Sequence[str], columns: int) -> str:
    """Plots side by side as one, each column as wide as its widest.

    Args:
        title: Above them.
        plots: As the functions above make them.
        columns: Plots in a row.
    """
    sizes = [_size(plot) for plot in plots]
    widths = [max((width for width, _ in sizes[column::columns]), default=0) for column in range(columns)]
    parts, top = [], 24
    for first in range(0, len(plots), columns):
        for column, plot in enumerate(plots[first : first + columns]):
            width, height = sizes[first + column]
            place = f'<svg x="{sum(widths[:column])}" y="{top}" width="{width}" height="{height}"'
            parts.append(plot.replace('<svg class="plot"', place, 1))
        top += max(height for _, height in sizes[first : first + columns]) + 6
    return _svg(title, sum(widths), top, parts)


def as_file(plot: str) -> str:
    """A plot as the text of an SVG file: on white, as a picture does not know the colours of the page around it."""
    width, height = _size(plot)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" style="{_FONT}"'
    opened, closed = plot.replace("<svg", head, 1).split(">", 1)
    return f'{opened}><rect width="{width}" height="{height}" fill="#fff"/>{closed}\n'


def _size(plot: str) -> tuple[int, int]:
    """Width and height of a plot."""
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', plot)
    if found is None:
        raise ValueError(f"a plot must have a viewBox, got {plot[:80]!r}")
    return int(found[1]), int(found[2])


def _axes(place, x_range, y_range, names, size, ticks) -> list[str]:  # type: ignore[no-untyped-def]
    """Grid, numbers and names of the axes."""
    parts = []
    for x in (x_range[0] + (x_range[1] - x_range[0]) * step / 4 for step in range(5)) if ticks is None else ticks:
        across, bottom = place(x, y_range[0])
        parts.append(f'<path d="M{across:.1f} {bottom:.1f}V{_TOP}" stroke="#8883"/>')
        parts.append(_text(across, bottom + 14, f"{x:.3g}", "middle", "currentColor"))
    for y in (y_range[0] + (y_range[1] - y_range[0]) * step / 4 for step in range(5)):
        left, up = place(x_range[0], y)
        parts.append(f'<path d="M{left:.1f} {up:.1f}H{size[0] - _RIGHT}" stroke="#8883"/>')
        parts.append(_text(left - 5, up + 4, f"{y:.3g}", "end", "currentColor"))
    parts.append(_text(size[0] / 2, size[1] - 6, names[0], "middle", "currentColor"))
    parts.append(_text(2, _TOP - 12, names[1], "start", "currentColor"))
    return parts


def _polyline(places: Sequence[tuple[float, float]], colour: str, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 4"' if dashed else ""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str, title: str = "") -> str:
    more = f"<title>{escape(title)}</title>" if title else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{more}{escape(text)}</text>'


def _short(name: str) -> str:
    """A name that fits beside its bar."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    head = _text(width / 2, 13, title, "middle", "currentColor").replace("<text", '<text font-weight="600"', 1)
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{head}{''.join(parts)}</svg>"
    )
