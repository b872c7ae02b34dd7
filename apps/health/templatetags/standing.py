"""{% load standing %}: how account health reads in a page."""

from django import template
from django.utils.safestring import SafeString

from apps.core.templatetags.figures import decimal, number, percent
from apps.core.templatetags.shell import status_badge
from apps.health.domain.headroom import WHOLE
from apps.health.models import Figure, HealthDay, Outlook, names
from apps.health.queries import wording
from apps.health.queries.figures import REPORT, Entered
from apps.health.queries.newest import Reading

register = template.Library()


@register.filter
def metric_name(row: HealthDay) -> str:
    """A row's metric as people call it."""
    return names.metric_name(row.metric, row.programme)


@register.filter
def metric_alone(metric: str) -> str:
    """A metric without its programme."""
    return names.metric_name(metric)


@register.filter
def points(hundredths: int | None) -> str | SafeString:
    """A score kept in hundredths: 96.5."""
    return decimal(None if hundredths is None else hundredths / 100, 1)


@register.filter
def figure_text(row: HealthDay) -> str | SafeString:
    """The number of a row: a rate with two digits of a percent, else its count or score."""
    return number(row.count) if row.rate is None and row.total is None else shown_rate(row)


@register.filter
def told_by(reading: Reading) -> str:
    """Who tells the numbers, where it is not the marketplace."""
    return "" if reading.origin == REPORT else str(Figure.Origin(reading.origin).label)


@register.filter
def unscanned(figure: Figure) -> str:
    """How many packages of how many nobody has told the delivery of."""
    return wording.unscanned_text(figure)


@register.filter
def provenance(each: Entered) -> SafeString | str:
    """Who entered a figure, when; or which file brought it."""
    return wording.provenance_text(each)


@register.filter
def csat_input(name: str) -> str:
    return str(wording.CSAT_INPUTS[name])


@register.filter
def csat_source(name: str) -> str:
    """How an unknown input can be brought."""
    return str(wording.CSAT_SOURCES[name])


@register.filter
def lost(points: float | None) -> str:
    """Points an input costs."""
    return "" if points is None else wording.lost_text(points)


@register.filter
def target(reading: Reading) -> str:
    """The limit with its operator: `< 1.00%`."""
    return wording.target_text(reading)


@register.filter
def shown_rate(row: HealthDay) -> str | SafeString:
    """The rate as the marketplace gives it, two digits of a percent; "–" where it gives none."""
    return percent(None if row.rate is None else row.rate / WHOLE, 2)


@register.filter
def room(reading: Reading) -> str:
    """Headroom in words."""
    return wording.room_text(reading)


@register.filter
def room_short(reading: Reading) -> str:
    """Headroom for a cell of a wide table."""
    return wording.room_short(reading)


@register.filter
def counted(reading: Reading) -> str:
    """`2 of 140`: what a rate of few orders is told by."""
    return wording.counted_text(reading.standing)


@register.filter
def band_badge(reading: Reading) -> SafeString:
    """Where a rate stands, as a word with its colour."""
    return status_badge(reading.band, wording.BANDS[reading.band], wording.TONES[reading.band])


@register.filter
def tone(reading: Reading) -> str:
    return wording.TONES[reading.band]


@register.filter
def millionths(value: int | None, places: int = 0) -> str | SafeString:
    """A chance or share kept in millionths, as percent."""
    return percent(None if value is None else value / WHOLE, places)


@register.simple_tag
def outlook(made: Outlook | None, reading: Reading) -> str:
    """What is foretold, in one sentence."""
    return wording.outlook_text(made, reading)


@register.filter
def account_word(reading: Reading) -> SafeString:
    """The account's state in the marketplace's word, in the reader's language."""
    words = dict(HealthDay.Status.choices)
    return status_badge(reading.band, words.get(reading.row.status, reading.row.status), wording.TONES[reading.band])
