"""What numbers of account health say in words, in both languages."""

from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from apps.core.templatetags.figures import day, decimal, number, percent
from apps.health.domain.forecast import HORIZON
from apps.health.domain.headroom import WHOLE, Band, Standing
from apps.health.models import Figure, Outlook
from apps.health.models.facts import Operator
from apps.health.queries.figures import Entered
from apps.health.queries.newest import Reading

OPERATORS = dict(Operator.choices)
BANDS: dict[Band, str | Promise] = {
    Band.GOOD: pgettext_lazy("health", "Good"),
    Band.AMBER: gettext_lazy("Near the limit"),
    Band.BREACH: gettext_lazy("Over the limit"),
    Band.UNRATED: gettext_lazy("Not rated"),
}
TONES = {Band.GOOD: "success", Band.AMBER: "warning", Band.BREACH: "danger", Band.UNRATED: "neutral"}
# How a whole site stands, as the matrix of all stores says it; the gravest first.
STATES: dict[str, str | Promise] = {
    "breach": gettext_lazy("Over a limit"),
    "near": gettext_lazy("Watch"),
    "good": pgettext_lazy("health", "Good"),
    "unrated": gettext_lazy("Not rated"),
    "silent": gettext_lazy("No report"),
}
STATE_TONES = {"breach": "danger", "near": "warning", "good": "success", "unrated": "neutral", "silent": "neutral"}


CSAT_INPUTS: dict[str, str | Promise] = {
    "ncx": gettext_lazy("Negative customer experience (NCX)"),
    "feedback": gettext_lazy("Negative feedback"),
    "replies": gettext_lazy("Late replies to buyers"),
}
CSAT_SOURCES: dict[str, str | Promise] = {
    "ncx": gettext_lazy("Comes with returns: connect or import them; or enter Amazon's NCX below."),
    "feedback": gettext_lazy("Comes with seller feedback: connect it or import the file."),
    "replies": gettext_lazy(
        "Amazon tells it to people only: enter late replies, or those answered within 24 hours, below."
    ),
}


def unscanned_text(figure: Figure) -> str:
    """How many of how many packages have no delivery scan here."""
    unknown = figure.unknown or 0
    total = (figure.total or 0) + unknown
    said = ngettext(
        "%(unknown)d of %(total)d package without a delivery scan",
        "%(unknown)d of %(total)d packages without a delivery scan",
        total,
    )
    return said % {"unknown": unknown, "total": total}


def provenance_text(each: Entered) -> str:
    """Who entered a figure, or which file brought it, and when."""
    figure, words = (
        each.figure,
        {"who": each.by or _("somebody"), "day": day(each.figure.as_of.date()), "file": each.file},
    )
    if figure.origin == Figure.Origin.PERSON:
        return format_html(_("entered by {who} on {day}"), **words)
    return format_html(_("file {file}, brought by {who} on {day}") if each.file else _("from a file, {day}"), **words)


def lost_text(points: float) -> str:
    """What an input costs of 100 points."""
    if round(points, 1) == 0:
        return _("no points")
    return _("−%(points)s points") % {"points": decimal(points, 1)}


def target_text(reading: Reading) -> str:
    """`< 1.00%`, or a count; nothing where there is no target."""
    if reading.level is None:
        return ""
    return limit_text(reading.level.operator, reading.level.target, share=reading.share)


def limit_text(operator: str, value: int, *, share: bool) -> str:
    """An operator and its limit; `share`: the limit is in millionths, else a count."""
    return f"{OPERATORS.get(operator, operator)} {percent(value / WHOLE, 2) if share else value}"


def room_text(reading: Reading) -> str:
    """Headroom in words: how many more, or how many too many."""
    room = reading.standing.room
    if room is None:
        return _("not rated") if reading.band == Band.UNRATED else _("share only, no counts")
    if room < 0:
        return before_text(room)
    if room == 0:
        return _("no more allowed")
    return ngettext("%(count)d more allowed", "%(count)d more allowed", room) % {"count": room}


def counted_text(standing: Standing) -> str:
    """How many bad ones of how many."""
    return _("%(bad)s of %(total)s") % {"bad": number(standing.bad), "total": number(standing.total)}


def before_text(room: int) -> str:
    """How many more before a breach, or how many too many."""
    if room < 0:
        return ngettext("%(count)d too many", "%(count)d too many", -room) % {"count": -room}
    return ngettext("%(count)d more before a breach", "%(count)d more before a breach", room) % {"count": room}


def few_text(bad: int, total: int, room: int) -> str:
    """A rate of few orders by its counts: `2 of 140; 0 more before a breach`."""
    said = {"bad": number(bad), "total": number(total), "room": before_text(room)}
    return _("%(bad)s of %(total)s; %(room)s") % said


def room_short(reading: Reading) -> str:
    """Headroom for a cell of a wide table."""
    room = reading.standing.room
    if room is None:
        return "–"
    if room < 0:
        return _("%(count)d over") % {"count": -room}
    return _("%(count)d left") % {"count": room} if room else _("none left")


def _crossing(chance: int, words: dict[str, Any]) -> str:
    """The days are those of the futures that cross: told as what is coming only where most of them do."""
    if chance >= WHOLE // 2:
        return _("At this pace it reaches %(limit)s in %(days)s days (80%%: %(low)s to %(high)s).") % words
    words |= {"chance": percent(Decimal(chance) / WHOLE, 0), "within": HORIZON}
    return (
        _(
            "A chance of %(chance)s to reach %(limit)s within %(within)s days; if so, in about %(days)s"
            " (80%%: %(low)s to %(high)s)."
        )
        % words
    )


def outlook_text(outlook: Outlook | None, reading: Reading) -> str:
    """What is foretold, in one sentence with its numbers; nothing where nothing was foretold.

    Whether it is over the limit now is the report's to say, as in the headroom beside it. Forecasts start from our own
    orders: where they know of fewer than the report, they tell nothing of how many there will be.
    """
    if outlook is None:
        return ""
    limit, room = target_text(reading).split(" ", 1)[-1], reading.standing.room
    if outlook.days == 0 if room is None else room < 0:
        return " ".join([_("Over the limit of %(limit)s now.") % {"limit": limit}, *_worse(outlook.fewer, room)])
    if outlook.days == 0:
        return _("By our own orders it is over the limit of %(limit)s already.") % {"limit": limit}
    if outlook.days is None or outlook.chance < WHOLE // 50:
        said = _("At this pace it stays within %(limit)s.") % {"limit": limit}
    else:
        words = {"limit": limit, "days": outlook.days, "low": outlook.low, "high": outlook.high}
        said = _crossing(outlook.chance, words)
    return " ".join([said, *_better(outlook.fewer)])


def _worse(most: int, room: int | None) -> list[str]:
    """Of a rate over its limit: how many too many eight futures of ten have at most, today's among them."""
    if room is None or most < -room:
        return []
    if most == -room:
        return [_("At this pace it gets no worse within %(within)s days.") % {"within": HORIZON}]
    said = ngettext(
        "At this pace up to %(count)d too many within %(within)s days, today’s among them.",
        "At this pace up to %(count)d too many within %(within)s days, today’s among them.",
        most,
    )
    return [said % {"count": most, "within": HORIZON}]


def _better(fewer: int) -> list[str]:
    """Of a rate within its limit: how many fewer of those to come keep it there."""
    if not fewer:
        return []
    said = ngettext(
        "%(count)d fewer of those to come keeps it within for %(within)s days.",
        "%(count)d fewer of those to come keep it within for %(within)s days.",
        fewer,
    )
    return [said % {"count": fewer, "within": HORIZON}]
