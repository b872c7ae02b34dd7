"""What products are, what they are excused from, what clients are asked for, and an agency's own kinds and rules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Store
from apps.core import audit
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.health.actions.papers import Turn, changed
from apps.health.models import (
    CategoryTraits,
    Offer,
    OwnPaperKind,
    OwnPaperRule,
    Paper,
    PaperRequest,
    PaperWaiver,
    SkuTraits,
)
from apps.health.queries.papers import TRAITS, kinds, rules

Traits = Mapping[str, bool]


def set_category(category: str, traits: Traits, turn: Turn) -> CategoryTraits:
    """What all products of a category are. Coverage of every store that sells some follows."""
    row, _new = CategoryTraits.objects.select_for_update().get_or_create(
        category=category.strip().lower()[:100], defaults={"updated_at": turn.at}
    )
    stores = Offer.objects.filter(category__iexact=row.category).values_list("store", flat=True).distinct()
    _set(row, traits, turn, None, list(stores))
    return row


def set_sku(store: Store, sku: str, traits: Traits, turn: Turn) -> SkuTraits:
    """What one product is; stands before its category's."""
    row, _new = SkuTraits.objects.select_for_update().get_or_create(
        store=store, sku=sku, defaults={"updated_at": turn.at}
    )
    _set(row, traits, turn, store, [store.pk])
    return row


def _set(row: CategoryTraits | SkuTraits, traits: Traits, turn: Turn, store: Store | None, stores: list[int]) -> None:
    before, row.traits = row.traits, {name: bool(value) for name, value in traits.items() if name in TRAITS}
    if before == row.traits:
        return
    row.updated_at = turn.at
    row.save(update_fields=["traits", "updated_at"])
    audit.record(
        "paper.traits",
        row,
        by=turn.by,
        at=turn.at,
        store=store,
        before={"traits": before},
        after={"traits": row.traits},
    )
    for each in stores:
        changed(each)


def ask_waiver(store: Store, sku: str, rule: str, site: str, turn: Turn) -> PaperWaiver:
    """Say that a product does not need a paper, and why. Somebody else has to agree."""
    if not turn.note.strip():
        raise Refused(_("Say why the product does not need it."))
    if rule not in rules():
        raise Refused(_("There is no such requirement."))
    if not Offer.objects.filter(store=store, sku=sku).exists():
        raise Refused(_("This store does not offer such a SKU."))
    values = {"state": PaperWaiver.State.ASKED, "reason": turn.note[:500], "asked_by": turn.by, "asked_at": turn.at}
    values |= {"decided_by": None, "decided_at": None, "decision": ""}
    made, _new = PaperWaiver.objects.update_or_create(
        store=store, sku=sku, rule=rule, marketplace=site, defaults=values, create_defaults=values
    )
    _told("waiver.ask", made, turn, before={}, after={"state": made.state, "rule": rule, "sites": site or "*"})
    return made


def decide_waiver(waiver: PaperWaiver, *, grant: bool, turn: Turn) -> PaperWaiver:
    """Agree or not. Raises Refused for who asked, and for one that was decided."""
    waiver = PaperWaiver.objects.select_for_update(of=("self",)).select_related("store").get(pk=waiver.pk)
    if waiver.state != PaperWaiver.State.ASKED:
        raise Refused(_("This was decided already."))
    if waiver.asked_by_id == turn.by.pk:
        raise Refused(_("You asked for it: somebody else has to agree."))
    before = waiver.state
    waiver.state = PaperWaiver.State.GRANTED if grant else PaperWaiver.State.REFUSED
    waiver.decided_by, waiver.decided_at, waiver.decision = turn.by, turn.at, turn.note[:500]
    waiver.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    verb = "waiver.grant" if grant else "waiver.refuse"
    _told(verb, waiver, turn, before={"state": before}, after={"state": waiver.state})
    changed(waiver.store_id)
    return waiver


def _told(verb: str, waiver: PaperWaiver, turn: Turn, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record(
        verb, waiver, by=turn.by, at=turn.at, store=waiver.store, before=before, after=after, reason=turn.note,
        title=f"{waiver.sku} {waiver.rule}",
    )  # fmt: skip


def ask_client(store: Store, kind: str, turn: Turn, **about: Any) -> PaperRequest:
    """Ask the store's client for a paper. `about`: marketplaces, skus, due; the turn's note is what they read."""
    if kind not in kinds():
        raise Refused(_("There is no such kind of paper."))
    made = PaperRequest.objects.create(
        store=store, kind=kind, text=turn.note[:500], asked_by=turn.by, asked_at=turn.at, **about
    )
    after = {"kind": kind, "skus": made.skus, "due": made.due}
    audit.record("paper.ask", made, by=turn.by, at=turn.at, store=store, after=after, reason=turn.note, title=kind)
    return made


def cancel_request(request: PaperRequest, turn: Turn) -> None:
    """It is no longer wanted."""
    found = PaperRequest.objects.filter(pk=request.pk, state__in=["open", "answered"])
    if found.update(state=PaperRequest.State.CANCELLED):
        audit.record("paper.unask", request, by=turn.by, at=turn.at, store=request.store, title=request.kind)


def answer(request: PaperRequest, paper: Paper, *, at: datetime) -> None:
    """The client has handed over what was asked for."""
    PaperRequest.objects.filter(pk=request.pk, state="open").update(
        state=PaperRequest.State.ANSWERED, paper=paper.pk, answered_at=at
    )


def save_kind(values: Mapping[str, Any], turn: Turn) -> OwnPaperKind:
    """A kind of the agency's own."""
    code = f"own-{slugify(values['short'])[:30] or turn.at.strftime('%y%m%d%H%M%S')}"
    defaults = {name: values[name] for name in ("short", "name_en", "name_zh", "needs_number", "source")}
    defaults["parts"] = [{"key": "document", "en": "Document", "zh": "文件"}]
    kind, _new = OwnPaperKind.objects.update_or_create(code=code, defaults=defaults)
    audit.record("paper.kind", kind, by=turn.by, at=turn.at, after=dict(values), title=kind.short)
    return kind


def save_rule(code: str, values: Mapping[str, Any], turn: Turn) -> OwnPaperRule:
    """A rule of the agency's own, or its own version of a shared one."""
    wanted = [kind for kind in values["kinds"] if kind in kinds()]
    if not wanted or not values["marketplaces"]:
        raise Refused(_("Choose at least one kind of paper and one site."))
    rule, _new = OwnPaperRule.objects.update_or_create(code=code, defaults=dict(values) | {"kinds": wanted})
    audit.record("paper.rule", rule, by=turn.by, at=turn.at, after=dict(values), title=code)
    _all_stores()
    return rule


def switch_rule(code: str, *, on: bool, turn: Turn) -> OwnPaperRule:
    """Whether a rule holds for this agency: a shared one is switched off by an own version of it."""
    rule = rules().get(code)
    if rule is None:
        raise Refused(_("There is no such requirement."))
    names = ("marketplaces", "wants", "categories", "brands", "skus", "kinds", "note_en", "note_zh", "source")
    values = {name: getattr(rule, name) for name in (*names, "valid_from", "position")} | {"active": on}
    own, _new = OwnPaperRule.objects.update_or_create(code=code, defaults=values)
    before, after = {"active": rule.active}, {"active": on}
    audit.record("paper.rule", own, by=turn.by, at=turn.at, before=before, after=after, reason=turn.note, title=code)
    _all_stores()
    return own


def _all_stores() -> None:
    for store in Store.objects.filter(active=True).values_list("pk", flat=True):
        changed(store)


@undoes("paper.traits")
def _traits_back(entry: Entry) -> None:
    """What was known before."""
    model = SkuTraits if entry.store_id else CategoryTraits
    row = model.objects.filter(pk=entry.target, traits=entry.after["traits"]).first()
    if row is None:
        raise CannotUndo(_("It was changed again since."))
    row.traits = entry.before["traits"]
    row.save(update_fields=["traits"])
    stores = [entry.store_id] if entry.store_id else _sellers(row)
    for each in stores:
        changed(each)


def _sellers(row: CategoryTraits) -> list[int]:
    named = Q(category__iexact=row.category)
    return list(Offer.objects.filter(named).values_list("store", flat=True).distinct())
