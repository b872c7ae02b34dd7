"""List pages' filters under a name. A member's own bookmarks: sharing one is worth a ledger entry, keeping it is not."""

from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Member
from apps.core import audit
from apps.core.models import SavedView

NOT_KEPT = ("page", "view", "open", "csrfmiddlewaretoken")


def save_view(page: str, name: str, query: str, *, by: Member) -> SavedView:
    """Keep a query under a name; the same name again replaces it. Raises Refused without a name."""
    name = name.strip()[:80]
    if not name or not page:
        raise Refused(_("Give the view a name."))
    params = QueryDict(query.lstrip("?"), mutable=True)
    for gone in NOT_KEPT:
        params.pop(gone, None)
    kept = {"query": params.urlencode(safe=",")[:1000]}
    view, _new = SavedView.objects.update_or_create(member=by, page=page[:60], name=name, defaults=kept)
    return view


def share_view(view: SavedView, *, shared: bool, by: Member, at: datetime) -> SavedView:
    """Offer a view to the whole agency, or stop. Only its maker may."""
    view = _own(view, by)
    if view.shared != shared:
        view.shared = shared
        view.save(update_fields=["shared"])
        audit.record(
            "view.share",
            view,
            by=by,
            at=at,
            after={"shared": shared, "query": view.query},
            title=view.name,
        )
    return view


def delete_view(view: SavedView, *, by: Member) -> None:
    _own(view, by).delete()


def _own(view: SavedView, by: Member) -> Any:
    if view.member_id != by.pk:
        raise Refused(_("Only its maker may change this view."))
    return view
