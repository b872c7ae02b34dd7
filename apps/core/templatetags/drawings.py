"""Small pictures drawn on the server: sparklines, stock cover, health strips. No script, prints, has words."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.core.templatetags import figures

register = template.Library()


@register.simple_tag
def sparkline(
    values: Sequence[Any] | None, label: str = "", tone: str = "", width: int = 72, height: int = 22
) -> SafeString:
    """A line of values, oldest first; None leaves a gap. `tone="bad"` draws it in red."""
    known = [float(v) for v in values or () if v is not None]
    if len(known) < 2:
        return format_html('<span class="none">{}</span>', figures.MISSING)
    low, high = min(known), max(known)
    points = _points(values or (), low, (high - low) or 1.0, width, height)
    runs = [" ".join(f"{x:.1f},{y:.1f}" for x, y in run) for run in points]
    lines = format_html_join("", '<polyline class="l" points="{}"/>', ((run,) for run in runs))
    first, last = points[0][0], points[-1][-1]
    area = " ".join(runs)
    return format_html(
        '<svg class="spark {}" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<polygon class="a" points="{:.1f},{} {} {:.1f},{}"/>{}<circle cx="{:.1f}" cy="{:.1f}" r="1.8"/></svg>',
        *(tone, width, height, width, height, _spoken(label, known)),
        *(_fixed(first[0]), height, mark_safe(area), _fixed(last[0]), height, lines),  # noqa: S308
        *(_fixed(last[0]), _fixed(last[1])),
    )


class _fixed(float):
    """A float that format_html does not turn into text before formatting it."""

    def __html__(self) -> "_fixed":
        return self


def _points(values: Sequence[Any], low: float, span: float, width: int, height: int) -> list[list[tuple[float, float]]]:
    """Runs of neighbouring known values as coordinates, two pixels of air around."""
    step = (width - 4) / max(len(values) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((2 + i * step, 2 + (height - 4) * (1 - (float(value) - low) / span)))
    return [run for run in runs if run]


def _spoken(label: str, known: list[float]) -> str:
    change = _("from %(first)s to %(last)s") % {
        "first": figures.compact(known[0]),
        "last": figures.compact(known[-1]),
    }
    return f"{label} {change}".strip()


@register.simple_tag
def coverbar(  # noqa: PLR0913 - named by keyword
    cover: Any, inbound: Any = 0, own: Any = 0, cycle: Any = None, status: str = "", cap: int = 120, width: int = 96
) -> SafeString:
    """Days of stock on one scale for all rows: FBA solid, inbound tinted, own stock dashed, tick = supply cycle.

    All in days. The number stands beside it, so readers of the screen skip the picture. Beyond `cap`: a chevron.
    """
    if cover is None:
        return format_html('<span class="none">{}</span>', figures.MISSING)
    scale = width / cap
    ends = [min(max(float(e), 0.0), cap) * scale for e in (cover, _sum(cover, inbound), _sum(cover, inbound, own))]
    bars = [
        format_html('<rect class="trk" x="0" y="4" width="{}" height="8" rx="2"/>', width),
        _bar("fba", 0, ends[0]),
        _bar("inb", ends[0], ends[1]),
        _bar("loc", ends[1], ends[2]),
    ]
    bars.append(_tick(28 * scale, "thin"))  # under 28 days Amazon charges the low-inventory fee
    if cycle is not None:
        bars.append(_tick(min(float(cycle), cap) * scale, "tick"))
    if _sum(cover, inbound, own) > cap:
        bars.append(format_html('<path class="ovr" d="M{} 5l3 3-3 3"/>', width - 6))
    return format_html(
        '<svg class="cover {}" width="{}" height="16" viewBox="0 0 {} 16" aria-hidden="true">{}</svg>',
        status,
        width,
        width,
        mark_safe("".join(bars)),  # noqa: S308 - each part is made by format_html
    )


def _sum(*values: Any) -> float:
    return sum(float(v) for v in values if v is not None)


def _bar(kind: str, start: float, end: float) -> SafeString:
    inset = 0.5 if kind == "loc" else 0  # a dashed outline lies on whole pixels
    if end - start < 0.5 + 2 * inset:
        return mark_safe("")
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
        *(kind, round(start + inset, 1), 4 + inset, round(end - start - 2 * inset, 1), 8 - 2 * inset),
    )


def _tick(x: float, kind: str) -> SafeString:
    return format_html('<line class="{}" x1="{}" x2="{}" y1="1" y2="15"/>', kind, round(x, 1), round(x, 1))


@register.simple_tag
def strip(parts: Sequence[tuple[str, str, int]]) -> SafeString:
    """Shares of a whole as one bar with its legend: [(tone, label, count), ...]."""
    spoken = ", ".join(f"{label} {count}" for _tone, label, count in parts)
    bar = format_html_join("", '<i class="fill-{}" style="flex:{}"></i>', ((t, n) for t, _l, n in parts if n))
    legend = format_html_join(
        "", '<span class="num"><i class="fill-{}"></i>{} {}</span>', ((t, lb, figures.number(n)) for t, lb, n in parts)
    )
    return format_html(
        '<div class="strip" role="img" aria-label="{}">{}</div><div class="legend">{}</div>', spoken, bar, legend
    )


@register.simple_tag
def lagbars(hours: Sequence[float | None], promise: float, label: str = "") -> SafeString:
    """Ages over time against a promise, both in hours: bars up to three times the promise, red where it was broken.

    The dashed line is the promise; a gap is a moment nothing is known of.
    """
    if not any(each is not None for each in hours):
        return format_html('<span class="none">{}</span>', figures.MISSING)
    height, line = 36, 24
    bars = [
        format_html(
            '<rect class="{}" x="{}" y="{}" width="3" height="{}"/>',
            *("late" if each > promise else "kept", 4 * n, height - size, size),
        )
        for n, each in enumerate(hours)
        if each is not None and (size := max(2, round(min(each / promise if promise else 0, 3) * height / 3)))
    ]
    return format_html(
        '<svg class="lag" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '{}<line x1="0" x2="{}" y1="{}" y2="{}"/></svg>',
        *(4 * len(hours), height, label, mark_safe("".join(bars)), 4 * len(hours), line, line),  # noqa: S308
    )
