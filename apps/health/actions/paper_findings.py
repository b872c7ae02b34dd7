"""Findings about papers: what is missing, ends soon or has ended, ranked by the sales that hang on it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.accounts.models import AgencySettings, Store
from apps.accounts.queries import rates
from apps.core.findings import Candidate, update_findings
from apps.core.models import Finding
from apps.core.money import convert
from apps.health.domain.validity import STEPS, due_step, standing, step_of
from apps.health.models import CoverageSum, Paper, PaperRequest
from apps.health.queries.papers import Kind, kept_name, kinds, rules


@dataclass
class Stake:
    """Offers, and their sales of 30 days by currency."""

    offers: int = 0
    money: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, offers: int, sales: int | None, currency: str) -> None:
        self.offers += offers
        if sales is not None and currency:
            self.money[currency] += sales


@dataclass(frozen=True)
class Purse:
    """The agency's money, and what a unit of each currency is worth in it."""

    currency: str
    rates: Mapping[str, Decimal]

    def weigh(self, stake: Stake) -> dict[str, Any]:
        """at_stake, currency and rank of a candidate: one currency as it is, several in the agency's."""
        known = {each: minor for each, minor in stake.money.items() if each in self.rates}
        rank = sum(self._worth(minor, each) for each, minor in known.items())
        if not stake.money:
            return {"at_stake": None, "currency": "", "rank": 0}
        if len(stake.money) == 1:
            currency, minor = next(iter(stake.money.items()))
            return {"at_stake": minor, "currency": currency, "rank": rank}
        return {"at_stake": rank, "currency": self.currency, "rank": rank}

    def _worth(self, minor: int, currency: str) -> int:
        return convert(minor, source=currency, target=self.currency, rate=self.rates[currency])


def refresh_findings(store: Store, *, at: datetime) -> None:
    """Open, refresh and close what the store's coverage says needs a person. A paper is told of anew at each step."""
    currency = AgencySettings.objects.values_list("currency", flat=True).first() or "USD"
    purse, known, today = Purse(currency, rates(currency, at.date())), kinds(), at.date()
    papers = list(Paper.objects.filter(store=store, state__in=["accepted", "review"]))
    stakes = _stakes(store)
    update_findings("paper-missing", store, _missing(store, purse, known), at=at)
    for kind, wanted in (("paper-expiring", "expiring"), ("paper-expired", "expired"), ("paper-review", "review")):
        these = [paper for paper in papers if standing(paper.state, paper.valid_from, paper.valid_to, today) == wanted]
        update_findings(kind, store, _about(these, stakes, purse, known, today), at=at)
    update_findings("paper-coming", store, _coming(store, purse, known, today), at=at)
    _owed(store, known, at)


def _stakes(store: Store) -> dict[Any, Stake]:
    """{paper: what hangs on it}."""
    found: dict[Any, Stake] = defaultdict(Stake)
    for row in CoverageSum.objects.filter(store=store, paper_id__isnull=False):
        found[row.paper_id].add(row.offers, row.sales, row.currency)
    return found


def _missing(store: Store, purse: Purse, known: Mapping[str, Kind]) -> Iterator[Candidate]:
    """One finding for each requirement and site, however many SKUs lack it."""
    every = rules()
    for (site, code), stake in _by_rule(store, "missing").items():
        detail = {"paper": kept_name(every.get(code), known) or code, "offers": stake.offers, "site": site}
        yield Candidate(subject=code, marketplace=site, detail=detail, **purse.weigh(stake))


def _by_rule(store: Store, state: str) -> dict[tuple[str, str], Stake]:
    """{(site, rule): offers in this state}."""
    found: dict[tuple[str, str], Stake] = defaultdict(Stake)
    for row in CoverageSum.objects.filter(store=store, state=state).exclude(rule=""):
        found[row.marketplace, row.rule].add(row.offers, row.sales, row.currency)
    return found


def _coming(store: Store, purse: Purse, known: Mapping[str, Kind], today: date) -> Iterator[Candidate]:
    """Requirements that hold soon and are not met yet; told of once they are as near as the first reminder."""
    every = rules()
    for (site, code), stake in _by_rule(store, "coming").items():
        rule = every.get(code)
        if rule is None or rule.valid_from is None or (rule.valid_from - today).days > max(STEPS):
            continue
        detail = {"paper": kept_name(rule, known) or code, "offers": stake.offers, "site": site}
        detail |= {"day": str(rule.valid_from)}
        yield Candidate(subject=code, marketplace=site, detail=detail, due=rule.valid_from, **purse.weigh(stake))


def _owed(store: Store, known: Mapping[str, Kind], at: datetime) -> None:
    """What clients were asked for and have not handed over, near its day and after: for whoever asked."""
    asked = PaperRequest.objects.filter(store=store, state="open", due__isnull=False).select_related("asked_by")
    owed = {str(each.pk): each for each in asked if due_step(each.due, at.date()) is not None}
    update_findings("paper-asked", store, [_owing(each, known) for each in owed.values()], at=at)
    for key, each in owed.items():
        if each.asked_by and each.asked_by.active and each.asked_by.user_id:
            mine = Finding.objects.filter(kind="paper-asked", store=store, subject=key, opened_at=at, assigned=None)
            mine.update(assigned=each.asked_by)


def _owing(asked: PaperRequest, known: Mapping[str, Kind]) -> Candidate:
    name = known[asked.kind].short if asked.kind in known else asked.kind
    detail = {"paper": name, "due": str(asked.due), "asked": str(asked.asked_at.date())}
    return Candidate(subject=str(asked.pk), detail=detail, due=asked.due)


def _about(
    papers: Iterable[Paper], stakes: Mapping[Any, Stake], purse: Purse, known: Mapping[str, Kind], today: date
) -> Iterator[Candidate]:
    for paper in papers:
        stake = stakes.get(paper.pk) or Stake()
        step = step_of(paper.valid_to, today) if paper.state == "accepted" else None
        name = known[paper.kind].short if paper.kind in known else paper.kind
        detail = {"paper": name, "number": paper.number, "until": str(paper.valid_to or ""), "step": step}
        yield Candidate(
            subject=f"{paper.pk}:{step}" if step else str(paper.pk),
            detail=detail | {"offers": stake.offers},
            due=paper.valid_to,
            **purse.weigh(stake),
        )
