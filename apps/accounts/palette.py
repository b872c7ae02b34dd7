"""Search or jump: one box over everything. Apps add what they know in a module `palette.py` of their own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.navigation import Nav
from apps.accounts.queries import stores_for
from apps.core.http import MemberRequest
from apps.core.permissions import Permission

MOST = 8  # entries of one source


@dataclass(frozen=True)
class PaletteEntry:
    """One line: what it is, where it leads; `group` is the heading it stands under."""

    group: str | Promise
    label: str | Promise
    url: str
    detail: str = ""
    icon: str = "external-link"


Source = Callable[[MemberRequest, str], Iterable[PaletteEntry]]
SOURCES: list[Source] = []


def palette_source(source: Source) -> Source:
    """Register a function (request, what was typed) -> entries the member may see, the best first."""
    SOURCES.append(source)
    return source


def found(request: MemberRequest, q: str) -> list[PaletteEntry]:
    """Entries of all sources for what was typed; "" gives what one may want first."""
    q = q.strip()[:100]
    return [entry for source in SOURCES for entry in _first(source(request, q))]


def _first(entries: Iterable[PaletteEntry]) -> Iterator[PaletteEntry]:
    for number, entry in enumerate(entries):
        if number == MOST:
            return
        yield entry


SETTINGS = (
    ("settings-members", _("Members")),
    ("settings-invitations", _("Invitations")),
    ("settings-roles", _("Roles and limits")),
    ("settings-thresholds", _("Thresholds")),
    ("settings-keys", _("API keys")),
    ("settings-currency", _("Currency and time")),
    ("settings-clients", _("Clients")),
    ("settings-brand", _("Brand and portal")),
    ("settings-security", _("Access review")),
    ("jobs", _("Jobs")),
)


@palette_source
def pages(request: MemberRequest, q: str) -> Iterator[PaletteEntry]:
    """The agency's pages, and those of the store one is at."""
    nav = Nav(request, request.member)
    links = [(link.label, link.url, link.icon) for link in nav.entries]
    if request.member.can(Permission.SETTINGS_VIEW):
        links += [(label, _url(request, name), "settings") for name, label in SETTINGS]
    for label, url, icon in links:
        if q.casefold() in str(label).casefold():
            yield PaletteEntry(_("Pages"), label, url, icon=icon)


@palette_source
def stores(request: MemberRequest, q: str) -> Iterator[PaletteEntry]:
    """Stores by name, address, client or Amazon's seller id."""
    rows = stores_for(request.member).filter(active=True).select_related("client")
    if q:
        rows = rows.filter(
            Q(name__icontains=q) | Q(slug__icontains=q) | Q(client__name__icontains=q) | Q(seller_id__iexact=q)
        )
    for store in rows.order_by("name")[:MOST]:
        if url := _url(request, "store", store=store.slug) or _url(request, "replenishment", store=store.slug):
            yield PaletteEntry(_("Stores"), store.name, url, store.client.name, "building-store")


def _url(request: MemberRequest, name: str, **kwargs: str) -> str:
    """The address of a page; "" while no app offers it."""
    try:
        return reverse(name, kwargs={"agency": request.agency.slug, **kwargs})
    except NoReverseMatch:
        return ""
