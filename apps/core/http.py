"""How a page is guarded and how it is answered. The only module that knows HTMX."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist
from django.utils.cache import patch_vary_headers
from rest_framework.permissions import BasePermission

from apps.core.permissions import LABELS, Permission

View = Callable[..., HttpResponse]


class MemberRequest(HttpRequest):
    """A request of somebody who has a seat: `member` acts, `agency` is the one in the address."""

    member: Any
    agency: Any
    htmx: Any


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Every HTML view wears this: the member needs one of the permissions. tests/house fails on a bare view."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            member = getattr(request, "member", None)
            if member is None or not any(member.can(p) for p in permissions):
                raise PermissionDenied(" / ".join(str(LABELS[each]) for each in permissions))
            return view(request, *args, **kwargs)

        guarded.permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: View) -> View:
    """A view anyone may open: sign-in, health checks, documentation."""
    view.permissions = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """A view for any signed-in person, before an agency is chosen: /me/, the agency chooser."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    guarded.permissions = "signed in"  # type: ignore[attr-defined]
    return guarded


class Requires(BasePermission):
    """The same table for the API: a viewset says `permissions = {"list": Permission.PLAN_VIEW}`."""

    def has_permission(self, request: Any, view: Any) -> bool:
        needed = view.permissions.get(getattr(view, "action", None) or request.method.lower())
        member = getattr(request, "auth", None) or getattr(request, "member", None)
        return bool(needed and member and member.can(needed))


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer with the whole page, or with the one partial named like the id HTMX is about to fill."""
    response = _partial(request, template, context, status) or render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Leave for another page, ours or somebody else's, with or without HTMX."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def target_id(request: HttpRequest) -> str:
    """The id HTMX will fill. htmx 4 sends "section#plan-lines", htmx 2 "plan-lines"."""
    if request.headers.get("HX-Request") != "true":
        return ""
    return (request.headers.get("HX-Target") or "").rpartition("#")[2]


def toast(response: HttpResponse, text: str, *, kind: str = "success", undo: str = "", close: str = "") -> HttpResponse:
    """Show a short message after the swap; `undo` is a POST address offered for ten seconds.

    `close`: "drawer" or "dialog" closes where the form stood.
    """
    message: dict[str, Any] = {"toast": {"text": str(text), "kind": kind, "undo": undo}}
    if close:
        message[f"close-{close}"] = {}
    response["HX-Trigger"] = json.dumps(message, ensure_ascii=True)
    return response


def attachment(source: BinaryIO, name: str) -> FileResponse:
    """A download that no browser opens as a page of ours: whoever made the file is not to be trusted."""
    answer = FileResponse(source, as_attachment=True, filename=name)
    answer["Content-Type"] = "application/octet-stream"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _partial(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse | None:
    target = target_id(request)
    if not target.replace("-", "").replace("_", "").isalnum() or request.headers.get("HX-History-Restore-Request"):
        return None
    try:
        return render(request, f"{template}#{target}", context, status=status)
    except TemplateDoesNotExist:  # the target is not a partial of this page
        return None
