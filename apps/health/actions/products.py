"""What products are: said of a category, of one product or of many at once, and an agency's own traits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.models import Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.health.actions.papers import Turn, changed
from apps.health.models import CategoryTraits, Offer, OwnPaperTrait, SkuTraits, TraitQuestion
from apps.health.queries.traits import Trait, hinted_of, traits
from apps.sync.loading import Loaded
from apps.sync.source import Unreadable

Traits = Mapping[str, bool]


def set_category(category: str, said: Traits, turn: Turn) -> CategoryTraits:
    """What all products of a category are. Coverage of every store that sells some follows."""
    row, _new = CategoryTraits.objects.select_for_update().get_or_create(
        category=category.strip().lower()[:100], defaults={"updated_at": turn.at}
    )
    if _set(row, said, turn, None, traits(active=False)):
        for store_id in _sellers(row):
            changed(store_id)
    return row


def set_sku(store: Store, sku: str, said: Traits, turn: Turn) -> SkuTraits:
    """What one product is; stands before its category's."""
    row, _new = SkuTraits.objects.select_for_update().get_or_create(
        store=store, sku=sku, defaults={"updated_at": turn.at}
    )
    if _set(row, said, turn, store, traits(active=False)):
        changed(store.pk)
    return row


def add_to_sku(store: Store, sku: str, said: Mapping[str, bool | None], turn: Turn) -> SkuTraits:
    """Some traits of one product, the others as they are; None: it is unknown again."""
    return add_to_skus([(store, sku, said)], turn)[0]


def add_to_skus(answers: Sequence[tuple[Store, str, Mapping[str, bool | None]]], turn: Turn) -> list[SkuTraits]:
    """Some traits of many products: [(store, SKU, traits)]. One entry in the ledger for each product that changed."""
    known, rows = traits(active=False), []
    have = _locked(answers, turn)
    for store, sku, said in answers:
        row = have[store.pk, sku]
        after = dict(row.traits) | dict(said)
        if _set(row, {name: value for name, value in after.items() if value is not None}, turn, store, known):
            changed(store.pk)
        rows.append(row)
    return rows


def _locked(answers: Iterable[tuple[Store, str, Any]], turn: Turn) -> dict[tuple[int, str], SkuTraits]:
    """The products' rows, made where there is none."""
    keys = {(store.pk, sku) for store, sku, _said in answers}
    new = [SkuTraits(store_id=store_id, sku=sku, updated_at=turn.at) for store_id, sku in sorted(keys)]
    SkuTraits.objects.bulk_create(new, ignore_conflicts=True)
    stores, skus = {key[0] for key in keys}, {key[1] for key in keys}
    found = SkuTraits.objects.select_for_update().filter(store__in=stores, sku__in=skus).order_by("pk")
    return {(row.store_id, row.sku): row for row in found if (row.store_id, row.sku) in keys}


def answer(lines: Iterable[TraitQuestion], how: str, turn: Turn, *, trait: str = "") -> int:
    """Answer what is not said of these products; returns how many of them have something new said.

    `how`: "hinted" (what their words hint at: yes), "yes" or "no" to `trait`, "none" (all that is open: no).
    Only what is open is answered: what somebody has said stands.
    """
    known = traits()
    answers = [(line.store, line.sku, _answers(line, how, trait, known)) for line in lines]
    answers = [each for each in answers if each[2]]
    add_to_skus(answers, turn)
    return len(answers)


def _answers(line: TraitQuestion, how: str, trait: str, known: Mapping[str, Trait]) -> dict[str, bool]:
    if how == "hinted":
        hinted = hinted_of(line, known)
        return {code: True for code in hinted if trait in {"", code}}
    if how == "none":
        return {code: False for code in line.unknown if code in known}
    return {trait: how == "yes"} if trait in line.unknown and trait in known else {}


def take_table(store_id: int, rows: Sequence[tuple[str, str, int]], *, as_of: datetime) -> Loaded:
    """Answers of a table: (SKU, trait by its code or name, 1 or 0). What was said of a product later stands.

    Raises Unreadable for a trait nobody knows: then nothing of the table is taken.
    """
    codes = {word.lower(): code for code, each in traits().items() for word in (code, each.name_en, each.name_zh)}
    if strange := sorted({trait for _sku, trait, _answer in rows} - set(codes)):
        raise Unreadable(_("There is no such trait: %(names)s.") % {"names": ", ".join(strange[:10])})
    said: dict[str, dict[str, bool]] = {}
    for sku, trait, answered in rows:
        said.setdefault(sku[:60], {})[codes[trait]] = bool(answered)
    have = {row.sku: row for row in SkuTraits.objects.select_for_update().filter(store=store_id, sku__in=said)}
    new = [
        SkuTraits(store_id=store_id, sku=sku, traits=each, updated_at=as_of)
        for sku, each in said.items()
        if sku not in have
    ]
    older = [row for row in have.values() if row.updated_at <= as_of and said[row.sku].items() - row.traits.items()]
    for row in older:
        row.traits, row.updated_at = row.traits | said[row.sku], as_of
    SkuTraits.objects.bulk_create(new, batch_size=1000)
    SkuTraits.objects.bulk_update(older, ["traits", "updated_at"], batch_size=500)
    if new or older:
        changed(store_id)
    return Loaded(rows=len(rows), new=len(new), changed=len(older))


def save_trait(values: Mapping[str, Any], turn: Turn) -> OwnPaperTrait:
    """A trait of the agency's own; one of the same English name is changed."""
    code = f"own-{slugify(values['name_en'])[:30] or turn.at.strftime('%y%m%d%H%M%S')}"
    defaults = {name: values[name] for name in ("name_en", "name_zh", "words")}
    trait, _new = OwnPaperTrait.objects.update_or_create(code=code, defaults=defaults)
    audit.record("paper.trait", trait, by=turn.by, at=turn.at, after=defaults, title=trait.name_en)
    return trait


def _set(
    row: CategoryTraits | SkuTraits, said: Traits, turn: Turn, store: Store | None, known: Collection[str]
) -> bool:
    """Keep what was said; False if that is what was known."""
    before, row.traits = row.traits, {name: bool(value) for name, value in said.items() if name in known}
    if before == row.traits:
        return False
    row.updated_at = turn.at
    row.save(update_fields=["traits", "updated_at"])
    after = {"traits": row.traits}
    audit.record("paper.traits", row, by=turn.by, at=turn.at, store=store, before={"traits": before}, after=after)
    return True


@undoes("paper.traits")
def _traits_back(entry: Entry) -> None:
    """What was known before."""
    model = SkuTraits if entry.store_id else CategoryTraits
    row = model.objects.filter(pk=entry.target, traits=entry.after["traits"]).first()
    if row is None:
        raise CannotUndo(_("It was changed again since."))
    row.traits = entry.before["traits"]
    row.save(update_fields=["traits"])
    for each in [entry.store_id] if entry.store_id else _sellers(row):
        changed(each)


def _sellers(row: CategoryTraits) -> list[int]:
    named = Q(category__iexact=row.category)
    return list(Offer.objects.filter(named).values_list("store", flat=True).distinct())
