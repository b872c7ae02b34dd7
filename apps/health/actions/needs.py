"""What products are excused from, what clients are asked for, and an agency's own kinds and rules."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Store
from apps.core import audit
from apps.health.actions.papers import Turn, changed
from apps.health.domain.validity import expression
from apps.health.models import (
    Offer,
    OwnPaperKind,
    OwnPaperRule,
    Paper,
    PaperRequest,
    PaperWaiver,
)
from apps.health.queries.papers import kinds, rules


def ask_waiver(store: Store, sku: str, rule: str, site: str, turn: Turn) -> PaperWaiver:
    """Say that a product does not need a paper, and why. Somebody else has to agree."""
    if not turn.note.strip():
        raise Refused(_("Say why the product does not need it."))
    if rule not in rules():
        raise Refused(_("There is no such requirement."))
    if not Offer.objects.filter(store=store, sku=sku).exists():
        raise Refused(_("This store does not offer such a SKU."))
    _not_twice(store, sku, rule, site)
    values = {"state": PaperWaiver.State.ASKED, "reason": turn.note[:500], "asked_by": turn.by, "asked_at": turn.at}
    values |= {"decided_by": None, "decided_at": None, "decision": ""}
    made, _new = PaperWaiver.objects.update_or_create(
        store=store, sku=sku, rule=rule, marketplace=site, defaults=values, create_defaults=values
    )
    _told("waiver.ask", made, turn, before={}, after={"state": made.state, "rule": rule, "sites": site or "*"})
    return made


def _not_twice(store: Store, sku: str, rule: str, site: str) -> None:
    """Refuse what is granted already, here or for every site, and what waits for somebody to agree."""
    mine = PaperWaiver.objects.filter(store=store, sku=sku, rule=rule)
    if mine.filter(marketplace__in={"", site}, state=PaperWaiver.State.GRANTED).exists():
        raise Refused(_("It is excused already."))
    if mine.filter(marketplace=site, state=PaperWaiver.State.ASKED).exists():
        raise Refused(_("This was asked already and waits for somebody to agree."))


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


def save_kind(values: Mapping[str, Any], turn: Turn, *, code: str = "") -> OwnPaperKind:
    """A kind of the agency's own; with `code` another form of one there is. Its `mask` is the format of its number.

    Raises Refused for a code that is not one of theirs.
    """
    if code and not OwnPaperKind.objects.filter(code=code).exists():
        raise Refused(_("There is no such kind of paper."))
    code = code or f"own-{slugify(values['short'])[:30] or turn.at.strftime('%y%m%d%H%M%S')}"
    names = ("short", "name_en", "name_zh", "needs_number", "needs_person", "months", "group", "source", "active")
    defaults = {name: values[name] for name in names if name in values}
    defaults["parts"] = values.get("parts") or [{"key": "document", "en": "Document", "zh": "文件"}]
    if "mask" in values:
        defaults |= {"number_hint": values["mask"], "number_pattern": expression(values["mask"])}
    kind, _new = OwnPaperKind.objects.update_or_create(code=code, defaults=defaults)
    audit.record("paper.kind", kind, by=turn.by, at=turn.at, after=defaults, title=kind.short)
    _all_stores()
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
    names = (
        "marketplaces",
        "wants",
        "categories",
        "brands",
        "skus",
        "kinds",
        "note_en",
        "note_zh",
        "source",
        "binding",
    )
    values = {name: getattr(rule, name) for name in (*names, "unsure", "valid_from", "position")} | {"active": on}
    own, _new = OwnPaperRule.objects.update_or_create(code=code, defaults=values)
    before, after = {"active": rule.active}, {"active": on}
    audit.record("paper.rule", own, by=turn.by, at=turn.at, before=before, after=after, reason=turn.note, title=code)
    _all_stores()
    return own


def _all_stores() -> None:
    for store in Store.objects.filter(active=True).values_list("pk", flat=True):
        changed(store)
