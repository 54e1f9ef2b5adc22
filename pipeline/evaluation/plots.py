"""Plots as SVG text: lines and bars that need nothing but a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 44, 40  # room around the axes
_COLOURS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2", "#ca8a04")
_BAR, _GAP, _NAMES, _BARS_TOP = 16, 6, 130, 28  # px

Points = Sequence[tuple[float, float]]


def line_plot(
    title: str, x_name: str, y_name: str, lines: Mapping[str, Points], diagonal: bool = False,
    x_range: tuple[float, float] | None = None, y_range: tuple[float, float] = (0.0, 1.0),
) -> str:  # fmt: skip
    """Lines with a mark at each point.

    Args:
        title: Above the plot.
        x_name: Below it.
        y_name: At its left.
        lines: Name to points ``(x, y)``, in the order in which they are joined.
        diagonal: Whether to draw the line from corner to corner.
        x_range: Ends of the x axis; those of the points where None.
        y_range: Ends of the y axis.
    """
    xs = [x for points in lines.values() for x, _ in points]
    low, high = x_range or (min(xs, default=0.0), max(xs, default=1.0))
    low, high = (low, high) if high > low else (low - 0.5, low + 0.5)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - low) / (high - low)
        up = (y - y_range[0]) / (y_range[1] - y_range[0])
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = _axes(place, (low, high), y_range, x_name, y_name)
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
        ]
        if len(lines) > 1:
            parts.append(_text(_WIDTH - _RIGHT, _TOP + 14 * number, name, "end", colour))
    return _svg(title, _WIDTH, _HEIGHT, parts)


def bar_plot(title: str, bars: Sequence[tuple[str, float | None, str]], most: float = 1.0) -> str:
    """Bars across, one below the other.

    Args:
        title: Above the plot.
        bars: Name, length and what is written at the end; no bar where the length is None.
        most: Length of a bar across the whole plot.
    """
    room = _WIDTH - _NAMES - 90
    parts = []
    for number, (name, value, note) in enumerate(bars):
        top = _BARS_TOP + number * (_BAR + _GAP)
        width = 0.0 if value is None else max(0.0, min(1.0, value / most)) * room
        parts.append(_text(_NAMES - 6, top + 12, _short(name), "end", "currentColor", name))
        parts.append(f'<rect x="{_NAMES}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[0]}"/>')
        parts.append(_text(_NAMES + width + 5, top + 12, note, "start", "currentColor"))
    return _svg(title, _WIDTH, _BARS_TOP + len(bars) * (_BAR + _GAP) + 6, parts)


def _axes(place, x_range, y_range, x_name, y_name) -> list[str]:  # type: ignore[no-untyped-def]
    """Grid, numbers and names of the axes."""
    parts = []
    for step in range(5):
        x = x_range[0] + (x_range[1] - x_range[0]) * step / 4
        y = y_range[0] + (y_range[1] - y_range[0]) * step / 4
        across, bottom = place(x, y_range[0])
        left, up = place(x_range[0], y)
        parts.append(
            f'<path d="M{left:.1f} {up:.1f}H{_WIDTH - _RIGHT}M{across:.1f} {bottom:.1f}V{_TOP}" stroke="#8883"/>'
        )
        parts.append(_text(across, bottom + 14, f"{x:.3g}", "middle", "currentColor"))
        parts.append(_text(left - 5, up + 4, f"{y:.3g}", "end", "currentColor"))
    parts.append(_text(_WIDTH / 2, _HEIGHT - 6, x_name, "middle", "currentColor"))
    parts.append(_text(2, _TOP - 12, y_name, "start", "currentColor"))
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
    return name if len(name) <= 20 else f"{name[:19]}…"


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    head = _text(width / 2, 13, title, "middle", "currentColor").replace("<text", '<text class="title"', 1)
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{head}{''.join(parts)}</svg>"
    )
