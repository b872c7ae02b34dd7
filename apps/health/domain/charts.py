"""A line over days as SVG, for documents that are printed: no script, no style sheet, its own words."""

from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 22
INK, LINE, LIMIT, GRID = "#12161c", "#2453d4", "#c0342b", "#cfd4dc"


def line_chart(points: Sequence[tuple[date, float]], *, limit: float | None, label: str, limit_label: str = "") -> str:
    """A metric's history with its limit as a dashed line. `label` is read out; values are in the metric's own unit.

    "" for fewer than two points: a line needs two.
    """
    if len(points) < 2:
        return ""
    values = [value for _day, value in points] + ([limit] if limit is not None else [])
    low, high = min(0.0, *values), max(values) * 1.08 or 1.0
    first, last = points[0][0], points[-1][0]
    days = max((last - first).days, 1)

    def at(day: date, value: float) -> str:
        return f"{_x((day - first).days / days):.1f},{_y((value - low) / (high - low)):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label="{escape(label, {chr(34): "&quot;"})}" font-size="10" fill="{INK}">'
    ]
    for share in (0.0, 0.5, 1.0):
        y = _y(share)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 3:.1f}" text-anchor="end">{_short(low + share * (high - low))}</text>'
        )
    if limit is not None:
        y = _y((limit - low) / (high - low))
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LIMIT}" stroke-dasharray="5 4"/>'
            f'<text x="{WIDTH - RIGHT}" y="{y - 3:.1f}" text-anchor="end" fill="{LIMIT}">{escape(limit_label)}</text>'
        )
    line = " ".join(at(day, value) for day, value in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.8"/>')
    foot = HEIGHT - 6
    parts.append(f'<text x="{LEFT}" y="{foot}">{first.isoformat()}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{foot}" text-anchor="end">{last.isoformat()}</text></svg>')
    return "".join(parts)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
