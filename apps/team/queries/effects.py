"""Did a change help? Said of every entry of the ledger: measured, too early and until when, or why it cannot be told.

Before and after, less what happened meanwhile to what was not touched. A comparison, not a proof of cause.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import AgencySettings, Store
from apps.accounts.queries import rates
from apps.core.models import Entry
from apps.core.money import convert
from apps.health.queries.effects import Freed, alarms, freed, withdrawn
from apps.inventory.queries.effects import USUAL, Asked, Outage, fastest, loads, outages, own_policies
from apps.team.domain import Group, against
from apps.team.models import ChangeEffect

Kind, Verdict = ChangeEffect.Kind, ChangeEffect.Verdict
DAY = timedelta(days=1)
OF_PLAN, OF_POLICY, OF_RULE = timedelta(days=14), timedelta(days=28), timedelta(days=28)
SETTLES = timedelta(days=60)  # as long as a defect counts
OVER = 2 * DAY  # after the last day, that it is over on every site
RECEIPTS = ("plan.received", "plan.receive")
ORDERS = ("plan.approve", "plan.client_approve")
MEASURABLE = (*RECEIPTS, *ORDERS, "policy.saved", "alert-rule.change", "paper.accept", "defect.work")

WHY: dict[str, str | Promise] = {
    "figures": _("Changes figures only, nothing on Amazon"),
    "house": _("No effect on sales expected"),
    "plan": _("Counted with the plan: when it is approved and when its goods arrive"),
    "paper": _("Counted when the paper is accepted"),
    "case": _("Cannot be measured: one case, with nothing to compare it with"),
    "outcome": _("Cannot be measured: Amazon does not say what became of it"),
    "reports": _("Cannot be measured: no stock report covers both sides"),
    "arrival": _("Cannot be measured: the plan says no day of arrival"),
    "nothing": _("Cannot be measured: nothing of the plan has been received"),
    "new": _("Cannot be measured: a new rule has no time before it"),
    "gone": _("Cannot be measured: what it was about is no longer there"),
    "few": _("Too few alarms on both sides to compare"),
    "renewed": _("Keeps on sale what was on sale: it replaced an earlier paper"),
}
# What an entry is, by the longest beginning of its verb. Everything that is not here is the house's own matter.
FIXED: dict[str, tuple[str, str]] = {
    "costs.": (Kind.NONE, "figures"),
    "threshold.": (Kind.NONE, "figures"),
    "settings.": (Kind.NONE, "figures"),
    "import.": (Kind.NONE, "figures"),
    "sync.": (Kind.NONE, "figures"),
    "plan.": (Kind.NONE, "plan"),
    "replenishment.": (Kind.NONE, "plan"),
    "paper.": (Kind.NONE, "paper"),
    "waiver.grant": (Kind.CANNOT, "outcome"),
    "notice.work": (Kind.CANNOT, "outcome"),
    "crisis.": (Kind.CANNOT, "case"),
    "incident.": (Kind.CANNOT, "case"),
    "alert-rule.add": (Kind.CANNOT, "new"),
    "alert-rule.remove": (Kind.CANNOT, "gone"),
}
ONLY_SHOWN = {"excess_days"}  # fields of a policy that decide what is called excess, not what is ordered
Found = dict[int, ChangeEffect]


def effects(entries: Iterable[Entry], *, today: date) -> Found:
    """{entry number: its effect}: as it was measured, else as it is today; as many queries however many entries."""
    entries = list(entries)
    kept = {each.number: each for each in ChangeEffect.objects.filter(number__in=[each.number for each in entries])}
    open_ones = [each for each in entries if each.number not in kept or _is_due(kept[each.number], today)]
    return kept | measured(open_ones, today=today)


def waiting(*, today: date) -> QuerySet[Entry]:
    """Entries whose effect may be measured now and was not, oldest first."""
    settled = ChangeEffect.objects.filter(~Q(kind=Kind.EARLY) | Q(known_on__gt=today))
    return Entry.objects.filter(verb__in=MEASURABLE).exclude(number__in=settled.values("number")).order_by("number")


def _is_due(effect: ChangeEffect, today: date) -> bool:
    return effect.kind == Kind.EARLY and effect.known_on is not None and effect.known_on <= today


def measured(entries: Sequence[Entry], *, today: date) -> Found:
    """The effects as facts tell them today."""
    found = {each.number: _fixed(each) for each in entries}
    for measure in (_of_receipts, _of_orders, _of_policies, _of_rules, _of_papers, _of_defects):
        found |= measure(entries, today)
    return found


def _fixed(entry: Entry) -> ChangeEffect:
    beginning = max((each for each in FIXED if entry.verb.startswith(each)), key=len, default="")
    kind, why = FIXED.get(beginning, (Kind.NONE, "house"))
    return _effect(entry.number, kind, why=why)


def _effect(number: int, kind: str, **values: object) -> ChangeEffect:
    return ChangeEffect(number=number, kind=kind, measured_at=timezone.now(), **values)


def _cannot(number: int, why: str) -> ChangeEffect:
    return _effect(number, Kind.CANNOT, why=why)


# -- days without stock


def _of_receipts(entries: Iterable[Entry], today: date) -> Found:
    mine = [each for each in entries if each.verb in RECEIPTS]
    told = loads([UUID(each.target) for each in mine]) if mine else {}
    asked, found = {}, {}
    for each in mine:
        load, day = told.get(UUID(each.target)), each.at.date()
        if load is None:
            found[each.number] = _cannot(each.number, "gone")
        elif not load.received:
            found[each.number] = _cannot(each.number, "nothing")
        else:
            before, after = (day - OF_PLAN, day - DAY), (day + DAY, day + OF_PLAN)
            asked[each.number] = Asked((load.store,), load.received, before, after)
    return found | _stock(asked, today)


def _of_orders(entries: Iterable[Entry], today: date) -> Found:
    """Approvals: the weeks before them against the weeks after the goods were to be there."""
    mine = [each for each in entries if each.verb in ORDERS and each.after.get("state") == "approved"]
    told = loads([UUID(each.target) for each in mine]) if mine else {}
    asked, found = {}, {}
    for each in mine:
        load, day = told.get(UUID(each.target)), each.at.date()
        if load is None or load.arrives is None:
            found[each.number] = _cannot(each.number, "gone" if load is None else "arrival")
        else:
            arrives = max(load.arrives, day)
            before, after = (day - OF_PLAN, day - DAY), (arrives + DAY, arrives + OF_PLAN)
            asked[each.number] = Asked((load.store,), load.skus, before, after)
    return found | _stock(asked, today)


def _of_policies(entries: Iterable[Entry], today: date) -> Found:
    """Policies: the weeks before against the weeks from when the fastest order made by them can be there."""
    mine = [each for each in entries if each.verb == "policy.saved"]
    found = {each.number: _effect(each.number, Kind.NONE, why="figures") for each in mine if not _orders(each)}
    mine = [each for each in mine if _orders(each)]
    if not mine:
        return found
    own, stores = own_policies(), tuple(Store.objects.filter(active=True).values_list("pk", flat=True))
    waits = fastest(stores)
    asked = {}
    for each in mine:
        day, sku = each.at.date(), each.after.get("sku") or ""
        store = each.store_id
        touched = (store,) if store else tuple(pk for pk in stores if pk not in own)
        start = day + max((waits.get(pk, USUAL) for pk in touched), default=USUAL)
        spans = (day - OF_POLICY, day - DAY), (start + DAY, start + OF_POLICY)
        skus = (sku,) if sku else own.get(store, ())
        asked[each.number] = Asked(touched, skus, *spans, others=not sku)
    return found | _stock(asked, today)


def _orders(entry: Entry) -> bool:
    return bool(set(entry.after) - ONLY_SHOWN - {"sku"})


def _stock(asked: Mapping[int, Asked], today: date) -> Found:
    known = {number: each.after[1] + OVER for number, each in asked.items()}
    told = outages({number: each for number, each in asked.items() if known[number] <= today})
    early = {n: _effect(n, Kind.EARLY, measure="stock", known_on=day) for n, day in known.items() if n not in told}
    return early | {number: _of_outage(number, outage) for number, outage in told.items()}


def _of_outage(number: int, told: Outage) -> ChangeEffect:
    mine, rest = told.touched, told.others
    if mine is None:
        return _cannot(number, "reports")
    others = Group(rest.skus, rest.after - rest.before, rest.spread) if rest else None
    change = against(Group(mine.skus, mine.after - mine.before, mine.spread), others)
    return _effect(
        number, Kind.MEASURED, measure="stock",
        before=_exact(mine.before), after=_exact(mine.after), touched=mine.skus,
        others_before=_exact(rest.before) if rest else None, others_after=_exact(rest.after) if rest else None,
        others=rest.skus if rest else 0, low=_exact(change.low), high=_exact(change.high),
        verdict={-1: Verdict.HELPED, 1: Verdict.HURT}.get(change.clear, Verdict.UNCLEAR),
    )  # fmt: skip


def _exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.6f}")


# -- alarms, papers, defects


def _of_rules(entries: Iterable[Entry], today: date) -> Found:
    """Fewer alarms are no better by themselves: the numbers stand there without a verdict."""
    mine = {each.number: each for each in entries if each.verb == "alert-rule.change"}
    known = {number: (each.at + OF_RULE).date() + DAY for number, each in mine.items()}
    due = {number: (UUID(each.target), each.at) for number, each in mine.items() if known[number] <= today}
    found = {n: _effect(n, Kind.EARLY, measure="alarms", known_on=known[n]) for n in mine if n not in due}
    weeks = Decimal(OF_RULE.days) / 7
    for number, told in alarms(due, span=OF_RULE).items():
        few = told.before + told.after == 0
        found[number] = _cannot(number, "few") if few else _effect(
            number, Kind.MEASURED, measure="alarms", verdict=Verdict.UNCLEAR,
            before=told.before / weeks, after=told.after / weeks, touched=told.before + told.after,
            others_before=told.others_before / weeks, others_after=told.others_after / weeks,
            others=told.others_before + told.others_after,
        )  # fmt: skip
    return found


def _of_papers(entries: Iterable[Entry], today: date) -> Found:
    """What may be sold with the paper, from the day after it was accepted on."""
    mine = {each.number: each for each in entries if each.verb == "paper.accept"}
    renewed = {n: _effect(n, Kind.NONE, why="renewed") for n, each in mine.items() if each.after.get("replaced")}
    known = {n: each.at.date() + DAY for n, each in mine.items() if n not in renewed}
    due = {number: UUID(mine[number].target) for number, day in known.items() if day <= today}
    found = {n: _effect(n, Kind.EARLY, measure="offers", known_on=day) for n, day in known.items() if n not in due}
    told = freed(set(due.values()))
    worth = _worth(told.values(), today)
    for number, paper in due.items():
        offers = told[paper].offers
        found[number] = _effect(
            number, Kind.MEASURED, measure="offers", before=Decimal(0), after=Decimal(offers), touched=offers,
            money=worth(told[paper]), verdict=Verdict.HELPED if offers else Verdict.UNCLEAR,
        )  # fmt: skip
    return found | renewed


def _worth(told: Iterable[Freed], today: date) -> Callable[[Freed], int | None]:
    """Turns sales into the agency's currency; two queries, none where there are no sales."""
    if not any(each.sales for each in told):
        return lambda _freed: None
    currency = AgencySettings.objects.values_list("currency", flat=True).first() or "USD"
    rate = rates(currency, today)

    def worth(freed: Freed) -> int | None:
        known = {code: minor for code, minor in (freed.sales or {}).items() if code in rate}
        sums = [convert(minor, source=code, target=currency, rate=rate[code]) for code, minor in known.items()]
        return sum(sums) if sums else None

    return worth


def _of_defects(entries: Iterable[Entry], today: date) -> Found:
    """A settled defect helped if Amazon withdrew it; as long as it may, it is too early to say that it did not."""
    mine = {each.number: each for each in entries if each.verb == "defect.work"}
    found = {n: _effect(n, Kind.NONE, why="house") for n, each in mine.items() if each.after.get("state") != "done"}
    settled = {n: each for n, each in mine.items() if n not in found}
    told = withdrawn({(each.store_id, each.title) for each in settled.values() if each.store_id})
    for number, each in settled.items():
        known_on = each.at.date() + SETTLES
        if each.target not in told:
            found[number] = _cannot(number, "gone")
        elif told[each.target] or known_on <= today:
            found[number] = _effect(
                number, Kind.MEASURED, measure="defects", before=Decimal(1), after=Decimal(not told[each.target]), touched=1,
                verdict=Verdict.HELPED if told[each.target] else Verdict.UNCLEAR,
            )  # fmt: skip
        else:
            found[number] = _effect(number, Kind.EARLY, measure="defects", known_on=known_on)
    return found


# -- a page of the ledger, filtered and counted by effect


def by_effect(entries: QuerySet[Entry], effect: str) -> QuerySet[Entry]:
    """Entries of one kind of effect, or with one verdict; all of them for an unknown word. As last measured."""
    kept = ChangeEffect.objects.all()
    if effect in Verdict.values:
        return entries.filter(number__in=kept.filter(verdict=effect).values("number"))
    if effect == Kind.MEASURED:
        return entries.filter(number__in=kept.filter(kind=effect).values("number"))
    if effect == Kind.EARLY:
        settled = kept.exclude(kind=Kind.EARLY).values("number")
        return entries.filter(verb__in=MEASURABLE).exclude(number__in=settled)
    if effect in (Kind.CANNOT, Kind.NONE):
        alike = Q(number__in=kept.filter(kind=effect).values("number"))
        cannot = _verbs([each for each, (kind, _why) in FIXED.items() if kind == Kind.CANNOT])
        return entries.filter(alike | (~Q(verb__in=MEASURABLE) & (cannot if effect == Kind.CANNOT else ~cannot)))
    return entries


def _verbs(beginnings: Iterable[str]) -> Q:
    wanted = Q(number__in=[])
    for each in beginnings:
        wanted |= Q(verb__startswith=each)
    return wanted


@dataclass(frozen=True)
class Counts:
    """Tiles of the ledger; `as_of`: when effects were last looked at."""

    changes: int
    measured: int
    helped: int
    hurt: int
    as_of: datetime | None


def counts(entries: QuerySet[Entry]) -> Counts:
    """One query for the entries, one for what was measured of them."""
    kept = ChangeEffect.objects.filter(number__in=entries.order_by().values("number"))
    found = kept.aggregate(
        measured=Count("number", filter=Q(kind=Kind.MEASURED)),
        helped=Count("number", filter=Q(verdict=Verdict.HELPED)),
        hurt=Count("number", filter=Q(verdict=Verdict.HURT)),
        as_of=Max("measured_at"),
    )
    return Counts(entries.count(), **found)
