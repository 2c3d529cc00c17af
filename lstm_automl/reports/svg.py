"""Line charts as SVG, written by hand: a picture for README and MLflow that needs nothing to be looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from lstm_automl.reports.curves import Line
from lstm_automl.reports.ranges import without_outliers

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 16, 40, 52
_FAINT = ("#8fb4d9", "#a8c9a1", "#e3b98a", "#c3acd6", "#9fcfcf", "#d9a3a3")
_STRONG = "#b3261e"
_INK = "#333333"


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    dots: Line | None = None,
    levels: Sequence[tuple[str, float]] = (),
) -> str:
    """A line chart.

    Args:
        title: Above the chart.
        lines: Strong ones are drawn last and named.
        x_label, y_label: Of the axes.
        dots: Points without a line.
        levels: Named horizontal lines: the floors.
    """
    everything = [*lines, *([dots] if dots else [])]
    xs = [x for line in everything for x in line.x]
    ys = [y for line in everything for y in line.y] + [value for _, value in levels]
    if not xs:
        return _document([_text(WIDTH / 2, HEIGHT / 2, "nothing to show yet", "middle"), _title(title)])
    frame = _Frame(_ticks(min(xs), max(xs)), _ticks(*without_outliers(ys)))
    parts = [_title(title), *frame.axes(x_label, y_label)]
    faint = [line for line in lines if not line.strong]
    parts += [frame.line(line, _FAINT[i % len(_FAINT)], 1.2) for i, line in enumerate(faint)]
    for i, (name, value) in enumerate(levels):
        parts += frame.level(name, value, left=i % 2 == 0)
    if dots:
        parts += [frame.dot(x, y) for x, y in zip(dots.x, dots.y, strict=True)]
    for line in lines:
        if line.strong:
            parts += [frame.line(line, _STRONG, 2.4), frame.label(line)]
    return _document(parts)


class _Frame:
    """The drawing area: from numbers to places."""

    def __init__(self, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        self._x, self._y = x_ticks, y_ticks

    def place(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self._x[0]) / (self._x[-1] - self._x[0])
        up = (y - self._y[0]) / (self._y[-1] - self._y[0])
        # a wild value stays at the edge instead of squeezing all others
        up = min(max(up, 0.0), 1.0)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    def axes(self, x_label: str, y_label: str) -> list[str]:
        parts = []
        for tick in self._y:
            (x0, y), (x1, _) = self.place(self._x[0], tick), self.place(self._x[-1], tick)
            parts.append(f'<path d="M{x0:.1f} {y:.1f}H{x1:.1f}" stroke="#e3e3e3"/>')
            parts.append(_text(x0 - 8, y + 4, f"{tick:.6g}", "end"))
        for tick in self._x:
            x, y = self.place(tick, self._y[0])
            parts.append(f'<path d="M{x:.1f} {y:.1f}v5" stroke="{_INK}"/>')
            parts.append(_text(x, y + 20, f"{tick:.6g}", "middle"))
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 10, x_label, "middle"))
        parts.append(_text(18, middle, y_label, "middle", f' transform="rotate(-90 18 {middle:.1f})"'))
        return parts

    def line(self, line: Line, colour: str, width: float) -> str:
        points = [self.place(x, y) for x, y in zip(line.x, line.y, strict=True)]
        if len(points) == 1:
            return f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2.5" fill="{colour}"/>'
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        style = f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"'
        return f'<path d="M{path}" {style}><title>{escape(line.name)}</title></path>'

    def dot(self, x: float, y: float) -> str:
        cx, cy = self.place(x, y)
        return f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3" fill="{_FAINT[0]}"/>'

    def label(self, line: Line) -> str:
        x, y = self.place(line.x[-1], line.y[-1])
        return _text(x - 4, max(y - 8, _TOP - 2), line.name, "end", f' fill="{_STRONG}" font-weight="bold"')

    def level(self, name: str, value: float, *, left: bool) -> list[str]:
        """A named horizontal line; floors lie close together, so their names take both sides in turn."""
        (x0, y), (x1, _) = self.place(self._x[0], value), self.place(self._x[-1], value)
        inside = self._y[0] <= value <= self._y[-1]
        text = name if inside else f"{name} {value:.4g}, {'below' if value < self._y[0] else 'above'}"
        place, anchor = (x0 + 4, "start") if left else (x1 - 2, "end")
        label = _text(place, y - 5 if y > _TOP + 10 else y + 14, text, anchor, ' fill="#777777"')
        line = f'<path d="M{x0:.1f} {y:.1f}H{x1:.1f}" stroke="#777777" stroke-dasharray="5 4"/>'
        return [line, label] if inside else [label]


def _ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Round numbers that hold ``low`` and ``high``."""
    if low == high:
        low, high = low - (abs(low) * 0.1 or 1), high + (abs(high) * 0.1 or 1)
    raw = (high - low) / (count - 1)
    unit = 10.0 ** math.floor(math.log10(raw))
    step = unit * next(m for m in (1, 2, 2.5, 5, 10) if m * unit >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def _title(title: str) -> str:
    return _text(WIDTH / 2, 24, title, "middle", ' font-size="15" font-weight="bold"')


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _document(parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    style = f'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{_INK}"'
    return "\n".join([f"{head} {style}>", '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])
