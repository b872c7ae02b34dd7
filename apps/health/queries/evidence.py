"""What proves an account's case: orders, shipments, returns, metrics, letters. Of the sites that the member may see.

Nothing of buyers: their words are told without names and addresses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import discreet, site_filter
from apps.core.audit import verb_words
from apps.core.exports import Field
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.health.domain.letters import orders_in, without_buyers
from apps.health.models import (
    Coverage,
    Crisis,
    CrisisStep,
    Defect,
    Feedback,
    HealthDay,
    IncidentEvent,
    Notice,
    NoticeFile,
    ReturnLine,
    Shipment,
    Signal,
)
from apps.health.models.facts import Operator, Programme
from apps.health.models.names import metric_name
from apps.health.queries import work_fields as of
from apps.health.queries.coverage import coverage_for
from apps.health.queries.notices import Answered, answers

BACK = 180  # days of facts that Amazon asks about
MOST = 20_000  # lines of one table
MOST_PRODUCTS, MOST_LETTERS, MOST_CHARTS = 200, 500, 12
PERCENT = 10_000  # millionths in a percent
CHARTED = ("odr", "lsr", "cancel", "vtr", "otdr", "unit_otdr", "invoice", "ahr")


@dataclass(frozen=True)
class Table:
    """One file of the pack."""

    name: str
    title: str | Promise
    fields: tuple[Field, ...]
    rows: Any


@dataclass(frozen=True)
class OrderLine:
    """An order that is spoken of: by a defect, or in a letter."""

    order_id: str
    site: str
    programme: str
    skus: str
    ordered_on: date | None
    units: int | None
    why: str


@dataclass(frozen=True)
class Curve:
    """A metric's history in percent (or in points), and its limit."""

    title: str
    points: list[tuple[date, float]]
    limit: float | None
    limit_text: str


class Evidence:
    """What one member may know of one crisis. Each part is asked for once."""

    def __init__(self, crisis: Crisis, member: Member) -> None:
        self.crisis, self.member = crisis, member
        self.since = crisis.started_at.date() - timedelta(days=BACK)
        code = crisis.marketplace
        self.site = site_filter(member) & Q(store=crisis.store) & (Q(marketplace=code) if code else Q())
        self.whole = self.site | Q(store=crisis.store, marketplace="")  # what is written to the account as a whole

    @cached_property
    def defects(self) -> QuerySet[Defect]:
        return Defect.objects.filter(self.site, ordered_on__gte=self.since).order_by("-ordered_on", "order_id")[:MOST]

    @cached_property
    def notices(self) -> QuerySet[Notice]:
        return Notice.objects.filter(self.whole, at__date__gte=self.since).order_by("-at")[:MOST]

    @cached_property
    def letters(self) -> list[Notice]:
        """The newest notices, whose words and documents are in the pack."""
        return list(self.notices[:MOST_LETTERS])

    @cached_property
    def answers(self) -> dict[str, list[Answered]]:
        return answers(self.letters)

    @cached_property
    def originals(self) -> dict[Any, NoticeFile]:
        """Documents all of whose notices the pack may tell of; three queries."""
        ids = {each.file_id for each in self.letters if each.file_id}
        hidden = Notice.objects.filter(file__in=ids).exclude(self.whole).values_list("file", flat=True)
        return NoticeFile.objects.in_bulk(ids - set(hidden))

    @cached_property
    def orders(self) -> list[OrderLine]:
        """Orders with a defect, and those that a letter names, as far as something is known of them."""
        kinds: dict[str, list[Defect]] = {}
        for defect in self.defects:
            kinds.setdefault(defect.order_id, []).append(defect)
        named = {order for each in self.letters for order in orders_in(f"{each.subject}\n{each.text}")}
        ids = [*kinds, *sorted(named - set(kinds))][:MOST]
        sent = {each.order_id: each for each in self._shipments(ids)}
        return [
            _order(order, kinds.get(order, ()), sent.get(order)) for order in ids if order in kinds or order in sent
        ]

    def _shipments(self, ids: Sequence[str]) -> QuerySet[Shipment]:
        return Shipment.objects.filter(self.site, order_id__in=ids).order_by("-ordered_on", "order_id")

    @cached_property
    def products(self) -> list[str]:
        """SKUs concerned: of the incident, of defects, of letters."""
        incident = self.crisis.incident
        found = [incident.sku] if incident and incident.sku else []
        found += [each.sku for each in self.defects if each.sku]
        found += [each.sku for each in self.letters if each.sku]
        return list(dict.fromkeys(found))[:MOST_PRODUCTS]

    def covered(self) -> QuerySet[Coverage]:
        """The products concerned with their papers; none for who may not see papers."""
        rows = coverage_for(self.member)
        if not self.member.can(Permission.PAPERS_VIEW):
            return rows.none()
        rows = rows.filter(store=self.crisis.store, sku__in=self.products)
        rows = rows.filter(marketplace=self.crisis.marketplace) if self.crisis.marketplace else rows
        return rows.order_by("sku", "marketplace")

    def tables(self) -> Iterator[Table]:
        """Each table at most 20 000 lines, the newest first."""
        ids = [each.order_id for each in self.orders]
        yield Table("orders", _("Orders concerned"), ORDERS, self.orders)
        yield Table("shipments", _("Shipping and delivery of these orders"), SHIPMENTS, self._shipments(ids))
        yield Table("defects", _("Orders with defects"), DEFECTS, self.defects)
        yield Table("returns", _("Returns and their reasons"), RETURNS, self._returns(ids))
        yield Table("feedback", _("Feedback"), FEEDBACK, self._feedback(ids))
        metrics = HealthDay.objects.filter(self.site, date__gte=self.since).order_by("-date", "metric")
        yield Table("metrics", _("History of the metrics"), METRICS, metrics[:MOST])
        yield Table("notices", _("Notices and answers"), NOTICES, self.notices)
        told = [(each, answer) for each in self.letters for answer in self.answers[str(each.pk)]]
        yield Table("answers", _("Every answer that was written"), ANSWERS, told)
        entries = Entry.objects.filter(store=self.crisis.store, at__date__gte=self.since)
        entries = discreet(entries, self.member).order_by("-number")
        yield Table("changes", _("Changes by people and programs"), CHANGES, entries[:MOST])
        yield Table("incident", _("Story of the incident"), EVENTS, self._story())

    def _returns(self, ids: Sequence[str]) -> QuerySet[ReturnLine]:
        wanted = Q(order_id__in=ids) | Q(sku__in=self.products)
        rows = ReturnLine.objects.filter(self.site, wanted, returned_on__gte=self.since)
        return rows.order_by("-returned_on", "order_id")[:MOST]

    def _feedback(self, ids: Sequence[str]) -> QuerySet[Feedback]:
        wanted = Q(order_id__in=ids) | Q(rating__lte=2)
        rows = Feedback.objects.filter(self.site, wanted, rated_on__gte=self.since)
        return rows.order_by("-rated_on", "order_id")[:MOST]

    def _story(self) -> QuerySet[IncidentEvent]:
        events = IncidentEvent.objects.filter(incident__isnull=False, incident=self.crisis.incident_id)
        return events.select_related("by__user").order_by("at")[:MOST]

    def curves(self) -> list[Curve]:
        """Histories to draw: the incident's own metrics first. Two queries."""
        signs = (
            Signal.objects.filter(incident=self.crisis.incident_id)
            if self.crisis.incident_id
            else Signal.objects.none()
        )
        signs = list(dict.fromkeys(signs.values_list("metric", flat=True)))
        wanted = list(dict.fromkeys([*signs, *CHARTED]))
        rows = HealthDay.objects.filter(self.site, metric__in=wanted, date__gte=self.since).order_by("date")
        found: dict[tuple[int, str, str, str], list[HealthDay]] = {}
        for row in rows:
            key = (wanted.index(row.metric), row.metric, row.programme, row.marketplace_id)
            found.setdefault(key, []).append(row)
        drawn = [_curve(days) for _key, days in sorted(found.items())]
        return [each for each in drawn if len(each.points) > 1][:MOST_CHARTS]

    def steps(self) -> list[CrisisStep]:
        people = ("owner__user", "done_by__user", "confirmed_by__user")
        return list(CrisisStep.objects.filter(crisis=self.crisis).select_related(*people).order_by("position"))


def _order(order: str, defects: Sequence[Defect], sent: Shipment | None) -> OrderLine:
    first = defects[0] if defects else None
    programme = first.programme if first and first.programme else sent.programme if sent else ""
    known = sent or first
    return OrderLine(
        order_id=order,
        site=known.marketplace_id if known else "",
        programme=_programme(programme),
        skus=", ".join(dict.fromkeys(each.sku for each in defects if each.sku)),
        ordered_on=sent.ordered_on if sent else first.ordered_on if first else None,
        units=sent.units if sent else None,
        why=", ".join(str(each.get_kind_display()) for each in defects) or gettext("Named in a letter"),
    )


def _curve(days: Sequence[HealthDay]) -> Curve:
    newest = days[-1]
    share = newest.rate is not None
    points = [
        (each.date, value / PERCENT if share else float(value))
        for each in days
        if (value := each.rate if share else each.count) is not None
    ]
    limit = None if newest.target is None else newest.target / PERCENT if share else float(newest.target)
    title = f"{metric_name(newest.metric, newest.programme)} · {newest.marketplace_id}{' (%)' if share else ''}"
    return Curve(title, points, limit, _target(newest))


def _programme(code: str) -> str:
    return str(dict(Programme.choices).get(code, code))


def _target(row: HealthDay) -> str:
    """The limit with its operator: "< 1.00%"."""
    if row.target is None:
        return ""
    sign = dict(Operator.choices).get(row.operator, "")
    return f"{sign} {Decimal(row.target) / PERCENT:.2f}%" if row.rate is not None else f"{sign} {row.target}"


def _rate(row: HealthDay) -> Decimal | None:
    return None if row.rate is None else (Decimal(row.rate) / PERCENT).quantize(Decimal("0.0001"))


def _status(row: HealthDay) -> str:
    return str(dict(HealthDay.Status.choices).get(row.status, row.status))


def _yes(value: bool | None) -> str | None:
    return None if value is None else gettext("Yes") if value else gettext("No")


def _in_time(by: datetime | None, done: datetime | None) -> str | None:
    return None if by is None or done is None else _yes(done <= by)


def _cancelled(row: Shipment) -> str:
    return {"seller": gettext("The seller"), "buyer": gettext("The buyer")}.get(row.cancelled_by, row.cancelled_by)


ORDERS = (
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Site"), lambda r: r.site),
    Field(_("Programme"), lambda r: r.programme),
    Field("SKU", lambda r: r.skus),
    Field(_("Ordered"), lambda r: r.ordered_on),
    Field(_("Units"), lambda r: r.units),
    Field(_("Why it is here"), lambda r: r.why),
)
SHIPMENTS = (
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field(_("Ordered"), lambda r: r.ordered_at),
    Field(_("Ship by"), lambda r: r.ship_by),
    Field(_("Shipped"), lambda r: r.shipped_at),
    Field(_("Shipped in time"), lambda r: _in_time(r.ship_by, r.shipped_at)),
    Field(_("Deliver by"), lambda r: r.deliver_by),
    Field(_("Delivered"), lambda r: r.delivered_at),
    Field(_("Delivered in time"), lambda r: _in_time(r.deliver_by, r.delivered_at)),
    Field(_("Units"), lambda r: r.units),
    Field(_("Packages"), lambda r: r.packages),
    Field(_("Packages with valid tracking"), lambda r: r.valid_packages),
    Field(_("Cancelled"), lambda r: r.cancelled_at),
    Field(_("Cancelled by"), _cancelled, code=lambda r: r.cancelled_by),
)
DEFECTS = (
    *(of.ORDER, of.DEFECT, of.SITE, of.SKU, of.ORDERED, of.REPORTED, of.WITHDRAWN),
    *(of.STATE, of.NOTE),
)
RETURNS = (
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field("SKU", lambda r: r.sku),
    Field(_("Returned"), lambda r: r.returned_on),
    Field(_("Programme"), lambda r: _programme(r.programme), code=lambda r: r.programme),
    Field(_("Units"), lambda r: r.quantity),
    Field(_("Reason"), lambda r: r.reason),
    Field(_("Disposition"), lambda r: r.disposition),
    Field(_("State"), lambda r: r.status),
    Field(_("What the buyer wrote"), lambda r: without_buyers(r.comment)),
    Field(_("With an A-to-z claim"), lambda r: _yes(r.claimed)),
)
FEEDBACK = (
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field(_("Day"), lambda r: r.rated_on),
    Field(_("Stars"), lambda r: r.rating),
    Field(_("What the buyer wrote"), lambda r: without_buyers(r.comment)),
    Field(_("Our answer"), lambda r: without_buyers(r.response)),
)
METRICS = (
    Field(_("Day"), lambda r: r.date),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field(_("Metric"), lambda r: metric_name(r.metric), code=lambda r: r.metric),
    Field(_("Programme"), lambda r: _programme(r.programme), code=lambda r: r.programme),
    Field(_("Counted"), lambda r: r.count),
    Field(_("Of"), lambda r: r.total),
    Field(_("Rate, %"), _rate),
    Field(_("Target"), _target),
    Field(_("Status"), _status, code=lambda r: r.status),
)
NOTICES = (
    *(of.ARRIVED, of.KIND, of.ABOUT, of.SKU, of.ASIN, of.CASE, of.SUBJECT, of.DUE),
    *(of.STATE, of.ANSWER),
)
ANSWERS = (
    Field(_("At"), lambda r: r[1].at),
    Field(_("Who"), lambda r: r[1].actor),
    Field(_("Subject"), lambda r: r[0].subject),
    Field(_("Case"), lambda r: r[0].case_id),
    Field(_("Answer"), lambda r: r[1].text),
)
CHANGES = (
    Field(_("At"), lambda r: r.at),
    Field(_("Who"), lambda r: r.actor),
    Field(_("What"), lambda r: verb_words(r.verb), code=lambda r: r.verb),
    Field(_("Object"), lambda r: r.title),
    Field(_("Reason"), lambda r: r.reason),
)
EVENTS = (
    Field(_("At"), lambda r: r.at),
    Field(_("What"), lambda r: r.get_kind_display(), code=lambda r: r.kind),
    Field(_("Who"), lambda r: str(r.by) if r.by else None),
)
