"""Kinds of papers, the rules, and the papers of a member's stores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member, Store, StoreGrant
from apps.accounts.queries import site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery
from apps.core.permissions import Permission, Role
from apps.health.domain.validity import STEPS, days_left, standing, step_of
from apps.health.models import (
    CoverageSum,
    OwnPaperKind,
    OwnPaperRule,
    Paper,
    PaperFile,
    PaperKind,
    PaperMail,
    PaperRequest,
    PaperRule,
    PaperWaiver,
)
from apps.health.models.known_words import EITHER, in_words

Kind = PaperKind | OwnPaperKind
Rule = PaperRule | OwnPaperRule

STANDINGS: dict[str, Any] = {
    "expired": _("Expired"),
    "expiring": _("Expiring"),
    "review": _("In review"),
    "draft": _("Draft"),
    "pending": _("Not yet valid"),
    "accepted": _("Accepted"),
    "rejected": _("Rejected"),
    "superseded": _("Superseded"),
    "withdrawn": _("Withdrawn"),
}
TONES = {
    "expired": "danger", "missing": "danger", "ask": "warning", "review": "info", "expiring": "warning", "draft": "neutral",
    "pending": "info", "accepted": "success", "covered": "success", "coming": "info",
    "advised": "neutral", "new": "neutral", "rejected": "danger", "waived": "neutral",
    "superseded": "neutral", "withdrawn": "neutral", "none": "neutral", "asked": "info", "granted": "success",
    "refused": "neutral", "open": "warning", "answered": "info", "done": "success", "cancelled": "neutral",
}  # fmt: skip

COLUMNS = (
    ListColumn("paper", _("Paper"), order="kind", fixed=True),
    ListColumn("products", _("Products")),
    ListColumn("sites", _("Sites")),
    ListColumn("number", _("Number"), order="number"),
    ListColumn("valid_to", _("Valid to"), order="valid_to"),
    ListColumn("state", _("State"), order="state"),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
    ListColumn(
        "at_stake", _("At stake"), numeric=True, help=_("Sales of 30 days of the offers that hang on this paper")
    ),
)
DEFAULT_SORT = "valid_to"
LIVING = ("draft", "review", "accepted", "rejected")


def kinds(*, active: bool = False) -> dict[str, Kind]:
    """Every kind by its code, shared ones first: two queries."""
    found: list[Kind] = [*PaperKind.objects.all(), *OwnPaperKind.objects.all()]
    return {kind.code: kind for kind in found if kind.active or not active}


def rules(*, active: bool = False) -> dict[str, Rule]:
    """Every rule by its code; an agency's own stands for the shared one: two queries."""
    found: dict[str, Rule] = {rule.code: rule for rule in PaperRule.objects.all()}
    found |= {rule.code: rule for rule in OwnPaperRule.objects.all()}
    return {code: rule for code, rule in found.items() if rule.active or not active}


def rule_name(rule: Rule | None, known: Mapping[str, Kind]) -> str:
    """The kinds that satisfy a rule, in the reader's language: "UKCA / CE"."""
    return in_words(kept_name(rule, known))


def kept_name(rule: Rule | None, known: Mapping[str, Kind]) -> str:
    """The same in nobody's language, for what is kept and read by many."""
    return EITHER.join(known[code].short if code in known else code for code in rule.kinds) if rule else ""


def papers_for(member: Member) -> QuerySet[Paper]:
    """Papers of the member's stores; who was granted some sites only sees those that count there."""
    found = Paper.objects.select_related("store")
    if member.can(Permission.ALL_STORES):
        return found
    seen = Q(pk__in=[])
    for store_id, code in StoreGrant.objects.filter(member=member).values_list("store", "marketplace"):
        here = Q() if code is None else Q(marketplaces=[]) | Q(marketplaces__contains=[code])
        seen |= Q(store=store_id) & here
    return found.filter(seen)


def stood(papers: QuerySet[Paper], today: date) -> QuerySet[Paper]:
    """Papers with `standing_now`: an accepted one is pending, expiring or expired by its days."""
    first = today + timedelta(days=max(STEPS))
    by_days = Case(
        When(~Q(state="accepted"), then=F("state")),
        When(valid_from__gt=today, then=Value("pending")),
        When(valid_to__lt=today, then=Value("expired")),
        When(valid_to__lte=first, then=Value("expiring")),
        default=Value("accepted"),
        output_field=CharField(),
    )
    return papers.annotate(standing_now=by_days)


def chosen(papers: QuerySet[Paper], query: ListQuery, member: Member) -> QuerySet[Paper]:
    """The papers a page's query asks for, its status apart."""
    wanted = Q()
    if query.q:
        wanted &= Q(number__icontains=query.q) | Q(kind__icontains=query.q) | Q(reach__icontains=query.q)
    if kind := query.get("kind"):
        wanted &= Q(kind=kind)
    if site := query.get("site"):
        wanted &= Q(marketplaces=[]) | Q(marketplaces__contains=[site])
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    owners = {"me": Q(owner=member), "none": Q(owner=None)}
    return papers.filter(wanted, owners.get(query.owner, Q()))


def counts(papers: QuerySet[Paper], today: date) -> dict[str, int]:
    """{standing: papers}: one query."""
    return dict(stood(papers, today).order_by().values_list("standing_now").annotate(n=Count("pk")))


def part_name(kind: Kind | None, key: str, zh: bool) -> str:
    """A part of a kind by its name."""
    names = {part["key"]: part["zh" if zh else "en"] for part in (kind.parts if kind else ())}
    return names.get(key, "文件" if zh else "Document")


def found_in(files: Iterable[PaperFile], paper: Paper) -> list[tuple[str, str]]:
    """(field, value) that the files' text suggests and the paper does not say yet: numbers and days."""
    said = {"number": paper.number, "valid_from": str(paper.valid_from or ""), "valid_to": str(paper.valid_to or "")}
    names = {"numbers": "number", "valid_from": "valid_from", "valid_to": "valid_to"}
    pairs = [(names[name], value) for file in files for name, values in file.found.items() for value in values]
    return [pair for pair in dict.fromkeys(pairs) if said[pair[0]] != pair[1]]


@dataclass(frozen=True)
class PaperRow:
    """A paper as a list shows it. `at_stake`: {currency: minor units} of offers that hang on it."""

    paper: Paper
    kind: Kind | None
    standing: str
    left: int | None
    step: int | None
    at_stake: Mapping[str, int] = field(default_factory=dict)

    @property
    def label(self) -> Any:
        return STANDINGS[self.standing]

    @property
    def tone(self) -> str:
        return TONES[self.standing]

    @property
    def products(self) -> str:
        """What it reaches, shortened."""
        reach = self.paper.reach
        return ", ".join(reach[:3]) + (f" +{len(reach) - 3}" if len(reach) > 3 else "")


def paper_rows(papers: Sequence[Paper], member: Member, *, today: date) -> list[PaperRow]:
    """Papers, read with their owners, and what hangs on them: one query for the sums, two for the kinds."""
    known, stakes = kinds(), stakes_of([paper.pk for paper in papers], member)
    return [row_of(paper, known, stakes.get(paper.pk, {}), today) for paper in papers]


def row_of(paper: Paper, known: Mapping[str, Kind], stake: Mapping[str, int], today: date) -> PaperRow:
    now = standing(paper.state, paper.valid_from, paper.valid_to, today)
    left = days_left(paper.valid_to, today)
    return PaperRow(paper, known.get(paper.kind), now, left, step_of(paper.valid_to, today), stake)


def stakes_of(ids: list[Any], member: Member) -> dict[Any, dict[str, int]]:
    """{paper: {currency: sales of 30 days of the offers that are expiring, expired or in review by it}}."""
    sums = CoverageSum.objects.filter(site_filter(member), paper_id__in=ids, sales__isnull=False)
    found: dict[Any, dict[str, int]] = {}
    for paper, currency, sales in sums.values_list("paper_id", "currency").annotate(total=Sum("sales")).order_by():
        found.setdefault(paper, {})[currency] = sales
    return found


def versions(paper: Paper) -> QuerySet[Paper]:
    """All versions of a paper, the newest first."""
    return Paper.objects.filter(series=paper.series).order_by("-version")


def requests_for(member: Member) -> QuerySet[PaperRequest]:
    """What clients of the member's stores were asked for, what is open first."""
    found = PaperRequest.objects.filter(store__in=stores_for(member)).select_related("store", "paper")
    return found.order_by(
        Case(When(state="open", then=0), When(state="answered", then=1), default=2), "due", "-asked_at"
    )


def waivers_for(member: Member) -> QuerySet[PaperWaiver]:
    """Waivers of the member's stores and sites, those that wait first."""
    found = PaperWaiver.objects.filter(store__in=stores_for(member))
    if not member.can(Permission.ALL_STORES):
        found = found.filter(site_filter(member) | Q(marketplace=""))
    return found.select_related("store", "asked_by__user").order_by(
        Case(When(state="asked", then=0), default=1), "-asked_at"
    )


def clients_of(store: Store) -> QuerySet[Member]:
    """Active people of the client who may see the store in the portal."""
    people = Member.objects.filter(role=Role.CLIENT, active=True, user__isnull=False, grants__store=store)
    return people.select_related("user").distinct()


def managers() -> QuerySet[Member]:
    """Who is told where nobody else could be: the agency's managers, its owners where there are none."""
    people = Member.objects.filter(active=True, user__isnull=False).select_related("user")
    found = people.filter(role=Role.MANAGER)
    return found if found.exists() else people.filter(role=Role.OWNER)


def mails_about(about: UUID) -> QuerySet[PaperMail]:
    """Who was told of a paper or a request, or is to be, the newest first."""
    return PaperMail.objects.filter(about=about).select_related("member__user").order_by("-created_at", "id")
