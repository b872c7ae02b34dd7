"""What list pages of all apps share: what their frame asks for, exports as jobs, undo, and where to go afterwards."""

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.actions.jobs import start_job
from apps.accounts.models import Member
from apps.accounts.queries import saved_views
from apps.core import jobs
from apps.core.exports import WRITERS
from apps.core.http import MemberRequest, View, page, target_id, toast
from apps.core.lists import ListQuery, is_id
from apps.core.models import Entry, Job
from apps.core.permissions import Permission

MOST_AT_ONCE = 2000  # rows one bulk action may take


def frame(request: MemberRequest, query: ListQuery, *, name: str, slug: str, kept: Iterable[str]) -> dict[str, Any]:
    """What the frame of the list page `name` shows; `kept` are parameters without a control in the filter bar."""
    here = address(request, name, slug)
    return {
        "query": query,
        "here": here,
        "page_key": name,
        "kept": [(each, query.params[each]) for each in kept if query.params.get(each)],
        "job_row": job_row(_running(request.member, f"{name}.")),
        "may_export": request.member.can(Permission.EXPORT),
        "swapped": target_id(request) == "rows",
    }


def opens_views(name: str) -> Callable[[View], View]:
    """The list page `name` wears this below `requires`: an address with nothing but `view=<id>` leads to that saved
    view's filters, if it is the member's own or shared; else to the plain list, saying so."""

    def decorate(view: View) -> View:
        @wraps(view)
        def opening(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.GET.keys() != {"view"}:
                return view(request, *args, **kwargs)
            wanted = request.GET["view"]
            saved = saved_views(request.member, name).filter(pk=wanted).first() if is_id(wanted) else None
            if saved is None:
                messages.warning(
                    request, _("There is no such view, or nobody shares it with you. This is the whole list.")
                )
                return redirect(request.path)
            if not saved.query:  # the whole list under a name: leading there would lead here again
                return view(request, *args, **kwargs)
            return redirect(f"{request.path}?{saved.query}&view={saved.pk}")

        opening.opens_views = name  # type: ignore[attr-defined]
        return opening

    return decorate


def address(request: MemberRequest, name: str, slug: str = "", **more: Any) -> str:
    """A page of the agency, or below one of its stores."""
    kwargs = {"agency": request.agency.slug} | ({"store": slug} if slug else {})
    return reverse(name, kwargs=kwargs | more)


def beside(request: MemberRequest, name: str, slug: str) -> tuple[str, QueryDict] | None:
    """The list page a cell was edited on: (its store's slug, its parameters). None: it was not on one.

    A cell belongs to the store `slug`; the page it stands on is that store's or the agency's.
    """
    at = urlsplit(request.headers.get("HX-Current-URL", ""))
    for each in ("", slug):
        if at.path == address(request, name, each):
            return each, params_of(at.query)
    return None


def params_of(text: str) -> QueryDict:
    """A page's query as a form sends it along."""
    return QueryDict(text.lstrip("?")[:2000])


def job_row(job: Job | None) -> dict[str, Any] | None:
    """A job as its card shows it."""
    return {"job": job, "progress": jobs.progress(job)} if job else None


def _running(member: Member, kinds: str) -> Job | None:
    living = Job.objects.filter(by=member, kind__startswith=kinds, state__in=["queued", "running"])
    return living.order_by("-created_at").first()


def segments(query: ListQuery, status: str, counts: Iterable[tuple[str, Any, int]]) -> list[dict[str, Any]]:
    """Statuses as (key, label, count), with their addresses; the key "" is all of them."""
    return [
        {"label": label, "count": count, "url": query.url(status=key or None), "active": key == status}
        for key, label, count in counts
    ]


def meant(
    request: MemberRequest,
    values: dict[str, Any],
    every: Callable[[QueryDict], QuerySet[Any]],
    picked: Callable[[list[str]], Iterable[Any]],
    *,
    nothing: str,
    too_many: str,
) -> tuple[list[Any], str]:
    """The rows a bulk action is meant for: (rows, "") or ([], why not). "All" must still be as many as the person saw.

    `every`: the rows a page's parameters show. `picked`: those with these keys. `too_many` has a place for the number.
    """
    if values["scope"] == "all":
        found = list(every(params_of(values["query"]))[: MOST_AT_ONCE + 1])
        if len(found) != values["count"]:
            return [], _("The list has changed. Look at it again, then repeat.")
    else:
        found = list(picked(request.POST.getlist("keys")[: MOST_AT_ONCE + 1]))
    if not found:
        return [], nothing
    return ([], too_many % MOST_AT_ONCE) if len(found) > MOST_AT_ONCE else (found, "")


def start_export(request: MemberRequest, name: str, slug: str, *, title: str) -> HttpResponse:
    """Write what is filtered, all pages, into a file by the job `<name>.export`; answers the job's strip."""
    kind = request.POST.get("format", "")
    if kind not in WRITERS:
        return toast(HttpResponse(status=422), _("Choose a file format."), kind="warning")
    query = params_of(request.POST.get("query", "")).urlencode()
    values = {"format": kind, "query": query, "store": slug, "language": request.user.language}
    job = start_job(f"{name}.export", by=request.member, title=title, **values)
    if request.headers.get("HX-Request") == "true":
        return page(request, "accounts/job_place.html", {"job_row": job_row(job)}, status=202)
    return redirect(address(request, name, slug))


def settled(request: MemberRequest, name: str, slug: str, text: str, *, undo: str = "") -> HttpResponse | None:
    """For a browser without HTMX: say it on the list page. None: the caller answers a part of the page."""
    if request.headers.get("HX-Request") == "true":
        return None
    messages.success(request, text) if undo else messages.warning(request, text)
    query = params_of(request.POST.get("query", "")).urlencode()
    return redirect(f"{address(request, name, slug)}?{query}")


def undo_url(request: MemberRequest, entries: Collection[Entry]) -> str:
    """The address that takes these entries back, for a toast."""
    if not entries:
        return ""
    numbers = ",".join(str(entry.number) for entry in entries)
    return reverse("changes-undo", kwargs={"agency": request.agency.slug}) + f"?numbers={numbers}"
