"""The last of a new store's first steps: what its data says already."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.queries import stores_for
from apps.core.http import MemberRequest, page, requires
from apps.core.models import Finding
from apps.core.permissions import Permission
from apps.sync.queries.freshness import freshness
from apps.sync.queries.setting_up import steps
from apps.team.queries import inbox as findings_of

SHOWN = 10


@require_safe
@requires(Permission.OVERVIEW_VIEW)
def first(request: MemberRequest, store: str) -> HttpResponse:
    """What have we learned of this store so far, and what is still on its way?"""
    row = get_object_or_404(stores_for(request.member), slug=store)
    found = findings_of.inbox(request.member, tab="open", me_only=False, store=row)
    datasets = freshness([row])
    context = {
        "store": row,
        "steps": steps(request.agency.slug, row),
        "step": "findings",
        "cards": findings_of.cards(found[:SHOWN]),
        "count": Finding.objects.filter(store=row, state=Finding.State.OPEN).count(),
        "datasets": datasets,
        "moving": any(each.running or each.word == "backfilling" for each in datasets),
        "may_edit": request.member.can(Permission.STORES_EDIT),
        "today": timezone.localdate(),
    }
    return page(request, "team/first.html", context)
