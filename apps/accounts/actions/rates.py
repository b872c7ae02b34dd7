"""An agency's own exchange rates: set, brought as a file, taken away; and what the inbox says of old ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import AgencySettings, FxRate, Member, OwnRate, Store
from apps.accounts.queries import Quote, quotes
from apps.core import audit
from apps.core.findings import Candidate, update_findings
from apps.core.models import Entry, Finding
from apps.core.undo import CannotUndo, undoes

YARDSTICK = "USD"
OLD = "rate-old"
LIVING = (Finding.State.OPEN, Finding.State.SNOOZED, Finding.State.DISMISSED)


@dataclass(frozen=True)
class RateLine:
    """What one US dollar costs from a day on."""

    currency: str
    valid_from: date
    per_usd: Decimal
    source: str = ""

    @property
    def name(self) -> str:
        """As the ledger calls it."""
        return f"{self.currency} {self.valid_from.isoformat()}"


def in_words(rate: OwnRate | FxRate | RateLine | None) -> list[str] | None:
    """What a log keeps of a quotation: its value and its source."""
    return None if rate is None else [f"{rate.per_usd.normalize():f}", rate.source]


def set_rates(lines: Sequence[RateLine], *, by: Member, at: datetime, verb: str = "rate.set") -> int:
    """Keep quotations, one entry in the ledger for all; the number that changed anything.

    Raises Refused for the dollar itself, by which all are told, and for a currency nobody knows.
    """
    if any(line.currency == YARDSTICK for line in lines):
        raise Refused(_("The US dollar is what the others are told by: it has no rate."))
    had = {(row.currency, row.valid_from): row for row in _locked({line.currency for line in lines})}
    changed = [line for line in lines if in_words(had.get((line.currency, line.valid_from))) != in_words(line)]
    if not changed:
        return 0
    rows = [
        OwnRate(currency=line.currency, valid_from=line.valid_from, per_usd=line.per_usd, source=line.source)
        for line in changed
    ]
    OwnRate.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["agency", "currency", "valid_from"],
        update_fields=["per_usd", "source"],
    )
    old = {line.name: in_words(row) for line in changed if (row := had.get((line.currency, line.valid_from)))}
    _record(verb, old, {line.name: in_words(line) for line in changed}, by=by, at=at)
    review(at=at)
    return len(changed)


def drop_rate(rate: OwnRate, *, by: Member, at: datetime) -> None:
    """Take a quotation away: the one before it counts again, or the reference."""
    _record("rate.drop", {str(rate): in_words(rate)}, {str(rate): None}, by=by, at=at)
    rate.delete()
    review(at=at)


@undoes("rate.set", "rate.import", "rate.drop")
def _undo(entry: Entry) -> None:
    before, after = entry.before.get("rates", {}), entry.after.get("rates", {})
    days = {name: _key(name) for name in after}
    now = {(row.currency, row.valid_from): row for row in _locked({code for code, _day in days.values()})}
    if any(in_words(now.get(days[name])) != said for name, said in after.items()):
        raise CannotUndo(_("These rates have changed since."))
    for name, (code, day) in days.items():
        if (said := before.get(name)) is None:
            OwnRate.objects.filter(currency=code, valid_from=day).delete()
            continue
        values = {"per_usd": Decimal(said[0]), "source": said[1]}
        OwnRate.objects.update_or_create(currency=code, valid_from=day, defaults=values)


def review(*, at: datetime) -> None:
    """Open, refresh and close what the inbox says of old quotations: for each store and foreign currency it sells in."""
    today, known = at.date(), quotes(at.date())
    home = AgencySettings.objects.values_list("currency", flat=True).first() or YARDSTICK
    wanted: dict[int, list[Candidate]] = defaultdict(list)
    stores = Store.objects.filter(active=True)
    sold = stores.filter(sites__active=True).values_list("pk", "sites__marketplace__currency").distinct()
    for pk, currency in sold.order_by("pk", "sites__marketplace__currency"):
        old = [each for each in _between(currency, home, known) if each.is_old(today)] if currency != home else []
        if old:
            worst = min(old, key=lambda each: each.valid_from)
            days = (today - worst.valid_from).days
            detail = {"currency": currency, "rate": worst.currency, "since": worst.valid_from.isoformat(), "days": days}
            wanted[pk].append(Candidate(subject=currency, detail=detail))
    living = Finding.objects.filter(kind=OLD, state__in=LIVING).values_list("store_id", flat=True)
    for store in Store.objects.filter(pk__in={*wanted, *living}):
        update_findings(OLD, store, wanted.get(store.pk, []), at=at)


def _between(currency: str, home: str, known: Mapping[str, Quote]) -> list[Quote]:
    """The quotations a conversion is made of; the dollar needs none."""
    return [known[code] for code in (currency, home) if code != YARDSTICK and code in known]


def _locked(currencies: set[str]) -> list[OwnRate]:
    return list(OwnRate.objects.select_for_update().filter(currency__in=currencies))


def _key(name: str) -> tuple[str, date]:
    code, _space, day = name.partition(" ")
    return code, date.fromisoformat(day)


def _record(verb: str, before: dict[str, Any], after: dict[str, Any], *, by: Member, at: datetime) -> None:
    house = AgencySettings.objects.get_or_create(agency_id=by.agency_id)[0]
    title = ", ".join(after)
    audit.record(verb, house, by=by, at=at, before={"rates": before}, after={"rates": after}, title=title)
