"""The change ledger: who changed what; and taking it back."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.accounts.queries import COSTS, stores_for
from apps.core import audit, lists, undo
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.metrics import Explanation
from apps.core.models import Entry
from apps.core.permissions import LABELS, Permission
from apps.team import actions
from apps.team.forms import Numbers
from apps.team.models import ChangeEffect
from apps.team.queries import ledger as queries
from apps.team.queries.effects import Counts, by_effect, counts

EFFECTS = [*ChangeEffect.Kind.choices, *ChangeEffect.Verdict.choices]
SOURCE = gettext_lazy("Change ledger, FBA stock reports, alarms, coverage by papers, defect orders")
MEASURED = gettext_lazy(
    "Changes whose time is over and of which facts tell on both sides: days without stock for receipts, approved plans "
    "and policies, alarms a week for rules, offers for papers, withdrawn defects. Looked at every hour."
)
HELPED = gettext_lazy(
    "Days without stock fell more than those of the store’s SKUs that were not touched, and the 95-percent interval of the "
    "difference leaves out zero (at least 5 SKUs on each side); a paper put offers on sale; a defect was withdrawn. Before "
    "and after is a comparison, not a proof of cause."
)
# Who may take back what was decided about the house itself.
HOUSE = {
    "rate.": Permission.CURRENCY_EDIT,
    "store.": Permission.STORES_EDIT,
    "member.": Permission.MEMBERS_EDIT,
    "policy.": Permission.POLICY_EDIT,
    "import.": Permission.IMPORT,
}
CHANGES = (lists.ListColumn("time", gettext_lazy("Time"), order="number", numeric=True),)


@requires(Permission.CHANGES_VIEW)
def changes(request: MemberRequest) -> HttpResponse:
    """What did anyone change? The ledger, newest first."""
    return page(request, "team/changes.html", _changes(request))


def _changes(request: MemberRequest) -> dict[str, Any]:
    query = lists.parse(request.GET, CHANGES, sort="-time", today=timezone.localdate())
    found = queries.changes(
        request.member, q=query.q, store=query.get("store"), verb=query.get("verb"), actor=query.get("actor")
    )
    rows = lists.paged(by_effect(found, query.get("effect")), query)
    told = counts(found)
    return {
        "counts": told,
        "explained": _why(told),
        "effects": EFFECTS,
        "query": query,
        "rows": rows,
        "changes": queries.change_rows(rows, request.member),
        "currency": request.agency.settings.currency,
        "actors": [(name, name) for name in queries.actors(request.member) if name],
        "stores": [(store.slug, store.name) for store in stores_for(request.member)],
        **_checked(),
    }


def _why(told: Counts) -> dict[str, Explanation]:
    """How the tiles are counted, and when effects were last looked at."""
    said = {
        "changes": (_("Changes"), _("Entries of the ledger that the filters leave, whatever their effect.")),
        "measured": (_("Measured"), MEASURED),
        "helped": (_("Helped"), HELPED),
        "hurt": (_("Hurt"), _("As for “helped”, the other way round.")),
    }
    return {key: Explanation(label, formula, SOURCE, told.as_of) for key, (label, formula) in said.items()}


@requires(Permission.CHANGES_VIEW)
def changes_verify(request: MemberRequest) -> HttpResponse:
    """When the chain of hashes was last checked, and what came of it. POST: have it checked now, in the background."""
    if request.method == "POST":
        actions.check_ledger(by=request.member)
        if request.headers.get("HX-Request") != "true":
            return redirect("changes", agency=request.agency.slug)
    return page(request, "team/verified.html", _checked())


def _checked() -> dict[str, Any]:
    return {"checked": audit.last_check(), "checking": audit.running_check()}


@require_POST
@requires(Permission.CHANGES_UNDO, Permission.INBOX_WORK, Permission.COST_EDIT, Permission.CURRENCY_EDIT)
def changes_undo(request: MemberRequest) -> HttpResponse:
    """Take changes back; without CHANGES_UNDO only what one did oneself."""
    form = Numbers(request.GET)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("There is nothing to undo."), kind="warning")
    visible = queries.changes(request.member)
    try:
        with transaction.atomic():
            for number in sorted(form.cleaned_data["numbers"], reverse=True):
                entry = get_object_or_404(visible, number=number)
                _may_undo(request, entry)
                undo.undo(entry, by=request.member, at=timezone.now())
    except undo.CannotUndo as why:
        return toast(HttpResponse(status=204), str(why), kind="warning")
    answer = toast(HttpResponse(status=204), _("Undone."))
    answer["HX-Refresh"] = "true"
    return answer


def _may_undo(request: MemberRequest, entry: Entry) -> None:
    if entry.verb.startswith(COSTS) and not request.member.can(Permission.COST_EDIT):
        raise undo.CannotUndo(_("Only who may change costs may take a change of costs back."))
    needed = next((each for prefix, each in HOUSE.items() if entry.verb.startswith(prefix)), None)
    if needed and not request.member.can(needed):
        raise undo.CannotUndo(_("Taking this back needs the right to do it: %(what)s.") % {"what": LABELS[needed]})
    if request.member.can(Permission.CHANGES_UNDO) or entry.by_id == request.member.pk:
        return
    raise undo.CannotUndo(_("Only a senior operator, a manager or an owner may undo what others did."))


def undo_url(request: MemberRequest, entries: list[Entry]) -> str:
    """The address that takes these entries back, for a toast."""
    if not entries:
        return ""
    numbers = ",".join(str(entry.number) for entry in entries)
    return reverse("changes-undo", kwargs={"agency": request.agency.slug}) + f"?numbers={numbers}"
