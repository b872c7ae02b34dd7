"""What products may be, what is known of them, and what rules still want to know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower, Trim
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery, dom_id
from apps.health.domain.guessing import hints, pattern
from apps.health.models import (
    CategoryTraits,
    Offer,
    OwnPaperTrait,
    PaperTrait,
    SkuTraits,
    TraitQuestion,
)

Trait = PaperTrait | OwnPaperTrait
COLUMNS = (
    ListColumn("product", _("Product"), order="sku", fixed=True),
    ListColumn("category", _("Category"), order="category"),
    ListColumn("sites", _("Sites")),
    ListColumn(
        "hints", _("Words hint at"), help=_("Words of the title or category hint at it: please check"), fixed=True
    ),
    ListColumn("unknown", _("Not said yet"), fixed=True),
)
DEFAULT_SORT = "category"
HINTED = "hinted"


def traits(*, active: bool = True) -> dict[str, Trait]:
    """Every trait by its code, shared ones first: two queries."""
    found: list[Trait] = [*PaperTrait.objects.all(), *OwnPaperTrait.objects.all()]
    return {trait.code: trait for trait in found if trait.active or not active}


def names(known: Mapping[str, Trait], codes: Iterable[str]) -> list[tuple[str, str]]:
    """(code, name in the reader's language); one that is no longer known by its code."""
    return [(code, known[code].name if code in known else code) for code in codes]


@dataclass(frozen=True)
class CategoryRow:
    """A category of the agency's offers: how many, what is known of it, and what its name hints at."""

    category: str
    offers: int
    traits: Mapping[str, bool]
    unknown: int = 0
    hints: Mapping[str, str] = field(default_factory=dict)


def categories(member: Member, known: Mapping[str, Trait], *, most: int = 300) -> list[CategoryRow]:
    """Categories that are sold, the largest first, with their traits."""
    named = Offer.objects.filter(site_filter(member), active=True).annotate(name=Lower(Trim("category")))
    counts = named.values_list("name").annotate(n=Count("sku", distinct=True)).order_by("-n", "name")[:most]
    said = dict(CategoryTraits.objects.values_list("category", "traits"))
    words = {code: trait.words for code, trait in known.items()}
    rows = [_category(name, n, said.pop(name, {}), words) for name, n in counts]
    return rows + [_category(name, 0, each, words) for name, each in sorted(said.items())]


def _category(name: str, offers: int, said: Mapping[str, bool], words: Mapping[str, list[str]]) -> CategoryRow:
    unknown = [code for code in words if code not in said]
    return CategoryRow(name, offers, said, len(unknown), hints(name, {code: words[code] for code in unknown}))


@dataclass(frozen=True)
class QuestionRow:
    """A product of which something is not said yet. `hints`: [(code, name, the word that hints at it)]."""

    line: TraitQuestion
    hints: list[tuple[str, str, str]]
    unknown: list[tuple[str, str]]

    @property
    def key(self) -> str:
        return key_of(self.line)

    @property
    def dom(self) -> str:
        return dom_id(self.key)


def key_of(line: TraitQuestion) -> str:
    """How a form names a row."""
    return f"{line.store_id}/{line.sku}"


def questions_for(member: Member) -> QuerySet[TraitQuestion]:
    """Products of the member's stores that somebody has to say something of."""
    return TraitQuestion.objects.filter(store__in=stores_for(member)).select_related("store")


def chosen(rows: QuerySet[TraitQuestion], query: ListQuery, known: Mapping[str, Trait]) -> QuerySet[TraitQuestion]:
    """The rows a page's query asks for."""
    wanted = Q()
    if query.q:
        wanted &= Q(sku__icontains=query.q) | Q(title__icontains=query.q) | Q(category__icontains=query.q)
    if query.get("store"):
        wanted &= Q(store__slug=query.get("store"))
    if query.get("category"):
        wanted &= Q(category__iexact=query.get("category"))
    trait = query.get("trait") if query.get("trait") in known else ""
    if trait:
        wanted &= Q(unknown__contains=[trait])
    rows = rows.filter(wanted)
    return hinted(rows, [trait] if trait else known, known) if query.status == HINTED else rows


def hinted(rows: QuerySet[TraitQuestion], codes: Iterable[str], known: Mapping[str, Trait]) -> QuerySet[TraitQuestion]:
    """Rows whose title or category hints at one of these traits that nobody has said."""
    wanted = Q(pk__in=[])
    for code in codes:
        if expression := pattern(known[code].words, start=r"\m", end=r"\M"):
            wanted |= Q(unknown__contains=[code], text__regex=expression)
    return rows.annotate(text=Lower(Concat(F("title"), Value(" "), F("category")))).filter(wanted)


def picked(rows: QuerySet[TraitQuestion], keys: Iterable[str]) -> list[TraitQuestion]:
    """The rows a form names."""
    wanted: dict[int, set[str]] = {}
    for key in keys:
        store, _slash, sku = key.partition("/")
        if store.isdecimal() and len(store) < 19:
            wanted.setdefault(int(store), set()).add(sku)
    meant = Q(pk__in=[])
    for store_id, skus in wanted.items():
        meant |= Q(store=store_id, sku__in=skus)
    return list(rows.filter(meant)) if wanted else []


def question_rows(lines: Iterable[TraitQuestion], known: Mapping[str, Trait]) -> list[QuestionRow]:
    """Lines in words; no query."""
    return [QuestionRow(line, _hints(line, known), names(known, line.unknown)) for line in lines]


def _hints(line: TraitQuestion, known: Mapping[str, Trait]) -> list[tuple[str, str, str]]:
    words = hinted_of(line, known)
    return [(code, known[code].name, word) for code, word in words.items()]


def hinted_of(line: TraitQuestion, known: Mapping[str, Trait]) -> dict[str, str]:
    """{trait: word}: what its title and category hint at and nobody has said."""
    words = {code: known[code].words for code in line.unknown if code in known}
    return hints(f"{line.title} {line.category}", words)


def effective(store_id: int, sku: str, category: str) -> dict[str, Any]:
    """What is known of one product: {"own": its own word, "category": its category's}."""
    own = SkuTraits.objects.filter(store=store_id, sku=sku).values_list("traits", flat=True).first()
    name = category.strip().lower()
    shared = CategoryTraits.objects.filter(category=name).values_list("traits", flat=True).first() if name else None
    return {"own": own or {}, "category": shared or {}}
