"""The inbox: what to do next, most money first."""

import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from apps.accounts.models import Member
from apps.accounts.queries import rates, stores_for
from apps.core import lists
from apps.core.findings import KINDS, MADE_OF, explain_stake, stake
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.metrics import Explanation, Period
from apps.core.models import Entry
from apps.core.permissions import LABELS, Permission
from apps.sync.queries.freshness import oldest
from apps.team import actions
from apps.team.forms import MOST_AT_ONCE, InboxAction
from apps.team.queries import inbox as queries
from apps.team.views.changes import undo_url

STRIP_DAYS = 14
KEPT = gettext_lazy(
    "What items put at stake that recovered by themselves or were marked as done in the last seven days; added up as open "
    "items are. What was at stake is not lost any more; it is no proof that it would have been lost."
)
INBOX = (
    lists.ListColumn("at_stake", gettext_lazy("Money at stake"), order="rank", numeric=True),
    lists.ListColumn("due", gettext_lazy("Due"), order="due"),
)


@requires(Permission.INBOX_VIEW)
def inbox(request: MemberRequest) -> HttpResponse:
    """What do I do next? Findings of every kind, most money first."""
    return page(request, "team/inbox.html", _inbox(request))


def _inbox(request: MemberRequest) -> dict[str, Any]:
    today = timezone.localdate()
    member = request.member
    query = lists.parse(request.GET, INBOX, sort="-at_stake", today=today)
    tab = query.status if query.status in {"snoozed", "done"} else "open"
    only: dict[str, Any] = {}
    if query.get("kind") in KINDS:
        only["kind"] = query.get("kind")
    if query.get("store") == queries.AGENCY:
        only["store"] = None
    elif query.get("store"):
        only["store__slug"] = query.get("store")
    if query.markets:
        only["marketplace__in"] = query.markets
    if query.q:
        only["subject__icontains"] = query.q
    if query.get("due") == "today":
        only["due__lte"] = today
    found = queries.inbox(member, tab=tab, me_only=query.owner == "me", **only)
    by, heads = query.get("group"), {}
    by = by if by in queries.GROUPS else ""
    if by:
        found, heads = queries.grouped(found, by, today=today)
    rows = lists.paged(found, query)
    totals = queries.inbox_totals(member, today=today)
    worth = rates(request.agency.settings.currency, today)
    worth.used |= set(totals.codes)
    return {
        "rates": worth,
        "query": query,
        "tab": tab,
        "tabs": _tabs(totals),
        "rows": rows,
        "cards": (cards := queries.cards(rows)),
        "headed": queries.headed(cards, by, heads),
        "groups": queries.GROUPS.items(),
        "explained": _why(member),
        "totals": totals,
        "filtered": bool(only or query.owner or tab != "open"),
        "strip": queries.strip(member, period=Period(today - timedelta(days=STRIP_DAYS - 1), today)),
        "form": InboxAction(),
        "may_work": member.can(Permission.INBOX_WORK),
        "currency": request.agency.settings.currency,
        "today": today,
    } | _choices(request, totals)


def _why(member: Member) -> dict[str, Explanation]:
    """How the figures above the list are made up, and how old the data behind them is."""
    as_of = oldest(stores_for(member).filter(active=True))
    source = MADE_OF
    return {
        "at_stake": explain_stake(_("Open money at stake"), as_of=as_of),
        "open": Explanation(
            _("Open items"), _("Open items of all stores and sites you see, of every kind."), source, as_of
        ),
        "due": Explanation(_("Due today"), _("Open items whose day is today or before."), source, as_of),
        "kept": Explanation(_("Kept this week"), KEPT, source, as_of),
    }


def _tabs(totals: queries.InboxTotals) -> list[dict[str, Any]]:
    return [
        {"value": "", "label": _("Open"), "count": totals.open},
        {"value": "snoozed", "label": _("Snoozed"), "count": totals.snoozed},
        {"value": "done", "label": _("Done"), "count": None},
    ]


def _choices(request: MemberRequest, totals: queries.InboxTotals) -> dict[str, Any]:
    """What the filters and the bulk bar offer."""
    seen = [kind for kind in KINDS.values() if request.member.can(kind.needs)]
    agency = [(queries.AGENCY, _("Agency"))] if any(kind.agency for kind in seen) else []
    return {
        "kinds": [(kind.key, f"{kind.label} {totals.by_kind.get(kind.key, 0)}") for kind in seen],
        "stores": agency + [(store.slug, store.name) for store in stores_for(request.member).filter(active=True)],
        "owners": [("me", _("Mine"))],
        "dues": [("today", _("Due today"))],
        "people": InboxAction().fields["to"].queryset,
    }


@require_POST
@requires(Permission.INBOX_WORK)
def inbox_act(request: MemberRequest) -> HttpResponse:
    """Assign, snooze, dismiss, finish or reopen items; answers the list as it is now."""
    form = InboxAction(request.POST)
    if not form.is_valid():
        return page(request, "team/inbox.html", _inbox(request) | {"form": form, "asked": True}, status=422)
    chosen = [uuid.UUID(each) for each in form.cleaned_data["ids"] if lists.is_id(each)]
    findings = list(queries.visible_findings(request.member).filter(pk__in=chosen))
    if form.cleaned_data["action"] in {"snooze", "dismiss", "finish"}:
        _may_settle(findings, request.member)
    try:
        with transaction.atomic():
            entries = _act(
                findings, form.cleaned_data, actions.Deed(request.member, timezone.now(), form.cleaned_data["reason"])
            )
    except actions.Gone as gone:
        return toast(page(request, "team/inbox.html", _inbox(request), status=409), str(gone), kind="warning")
    words = ngettext("%(count)d item: %(action)s", "%(count)d items: %(action)s", len(entries))
    label = dict(InboxAction.ACTIONS)[form.cleaned_data["action"]]
    answer = page(request, "team/inbox.html", _inbox(request))
    return toast(answer, words % {"count": len(entries), "action": label}, undo=undo_url(request, entries))


@require_POST
@requires(Permission.INBOX_WORK)
def inbox_sum(request: MemberRequest) -> HttpResponse:
    """What the chosen items put at stake together, for the bar of bulk actions."""
    chosen = [uuid.UUID(each) for each in request.POST.getlist("ids")[:MOST_AT_ONCE] if lists.is_id(each)]
    money = stake(queries.visible_findings(request.member).filter(pk__in=chosen))
    return page(request, "team/inbox_sum.html", {"money": money, "currency": request.agency.settings.currency})


def _may_settle(findings: list[Any], member: Member) -> None:
    """Some kinds ask for more than working the inbox before they are put aside."""
    asked = {KINDS[each.kind].settle for each in findings if each.kind in KINDS}
    for need in filter(None, asked):
        if not member.can(need):
            raise PermissionDenied(LABELS[need])


def _act(findings: list[Any], values: dict[str, Any], deed: actions.Deed) -> list[Entry]:
    match values["action"]:
        case "assign":
            return actions.assign(findings, values["to"], deed)
        case "snooze":
            days = values["days"]
            return actions.snooze(findings, timezone.localdate() + timedelta(days=days) if days else None, deed)
        case "dismiss":
            return actions.dismiss(findings, deed)
        case "finish":
            return actions.finish(findings, deed)
        case _:
            return actions.reopen(findings, deed)
