"""What the shell shows around a page: where we are, where one can go. Nothing is read until a template asks."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import AgencySettings, Store
from apps.accounts.queries import finding_filter, seats_of, stores_for
from apps.core.models import Finding, Job
from apps.core.permissions import Permission as P
from apps.core.permissions import Role


@dataclass(frozen=True)
class Place:
    """A page in the shell: `name` is its URL name, `under` further names that belong to it (prefixes)."""

    name: str
    label: str | Promise
    icon: str
    needs: P
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One entry as templates show it. `count`: open work of mine; `overdue`: some of it is late."""

    key: str
    label: str | Promise
    url: str
    icon: str = ""
    active: bool = False
    count: int = 0
    overdue: bool = False


@dataclass(frozen=True)
class Choice:
    """An agency or a store one may switch to."""

    name: str
    url: str
    active: bool
    slug: str = ""


AGENCY = (
    Place("overview", _("Overview"), "layout-dashboard", P.OVERVIEW_VIEW),
    Place("inbox", _("Inbox"), "inbox", P.INBOX_VIEW, ("finding",)),
    Place(
        "stores",
        _("Stores"),
        "building-store",
        P.STORES_VIEW,
        ("store-new", "store-edit", "connection"),
    ),
    Place("health", _("Account health"), "shield", P.HEALTH_VIEW, ("health",)),
    Place("alerts", _("Alerts"), "alert-circle", P.HEALTH_VIEW, ("alert", "cris", "playbook")),
    Place("replenishment", _("Replenishment"), "truck", P.PLAN_VIEW, ("replenishment", "plan", "policy", "arrival")),
    Place("products", _("Products"), "package", P.PRODUCTS_VIEW, ("product",)),
    Place("orders", pgettext_lazy("page", "Orders"), "shopping-cart", P.ORDERS_VIEW, ("order",)),
    Place("costs", _("Unit costs"), "receipt", P.COST_VIEW, ("cost",)),
    Place("papers", _("Compliance"), "file-text", P.PAPERS_VIEW, ("paper",)),
    Place("reports", _("Weekly reports"), "file-text", P.OVERVIEW_VIEW, ("report",)),
    Place(
        "goals",
        _("Team and goals"),
        "target",
        P.OVERVIEW_VIEW,
        ("goal", "workload", "sop", "training"),
    ),
    Place(
        "sync",
        _("Data sync"),
        "refresh",
        P.SYNC_VIEW,
        ("run", "import", "document", "stream"),
    ),
    Place("changes", _("Change ledger"), "history", P.CHANGES_VIEW, ("change",)),
    Place("api-docs", _("API"), "api", P.KEYS_EDIT),
    Place("settings", _("Settings"), "settings", P.SETTINGS_VIEW, ("settings",)),
)
STORE = (
    Place("store", _("Store home"), "home", P.OVERVIEW_VIEW),
    Place("health", _("Account health"), "shield", P.HEALTH_VIEW, ("health",)),
    Place("papers", _("Compliance"), "file-text", P.PAPERS_VIEW, ("paper", "store-paper", "store-papers")),
    Place("listings", _("Listings"), "tag", P.PRODUCTS_VIEW, ("listing",)),
    Place("products", _("Products"), "package", P.PRODUCTS_VIEW, ("product",)),
    Place("ads", _("Advertising"), "chart-line", P.PRODUCTS_VIEW, ("ads",)),
    Place(
        "replenishment",
        _("Replenishment"),
        "truck",
        P.PLAN_VIEW,
        ("replenishment", "store-replenishment", "plan", "policy", "arrival"),
    ),
    Place("orders", pgettext_lazy("page", "Orders"), "shopping-cart", P.ORDERS_VIEW, ("order",)),
    Place("costs", _("Unit costs"), "receipt", P.COST_VIEW, ("cost",)),
    Place("finance", _("Finance"), "coin", P.PROFIT_VIEW, ("finance", "settlement")),
)
OF_STORES = frozenset(place.name for place in STORE)
PORTAL = (
    Place("portal", _("This week"), "calendar-week", P.PORTAL_VIEW),
    Place("portal-plans", _("Approvals"), "checklist", P.PORTAL_VIEW, ("portal-plan",)),
    Place("portal-sales", _("Sales"), "chart-bar", P.PORTAL_VIEW),
    Place("portal-replenishment", _("Stock"), "package", P.PORTAL_VIEW),
    Place("portal-papers", _("Papers"), "file-text", P.PORTAL_VIEW, ("portal-paper",)),
    Place("portal-health", _("Account health"), "shield", P.PORTAL_VIEW),
    Place("portal-uploads", _("Files"), "upload", P.PORTAL_UPLOAD, ("portal-upload",)),
    Place("portal-changes", _("Our work"), "history", P.PORTAL_VIEW),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `nav`, None for somebody without a seat."""
    member = getattr(request, "member", None)
    if member is None or member.user_id is None:
        return {"nav": None}
    return {"nav": Nav(request, member)}


class Nav:
    """The shell's data. A constant number of queries, each made at most once and only if shown."""

    def __init__(self, request: HttpRequest, member: Any) -> None:
        self.member, self.agency = member, member.agency
        self.portal = member.role == Role.CLIENT
        self.support = getattr(member, "support", None)  # the grant by which platform staff are here
        match = request.resolver_match
        self._name = (match.url_name or "") if match else ""
        self._kwargs = {name: value for name, value in (match.kwargs if match else {}).items() if name != "agency"}
        self._user = request.user

    @cached_property
    def me(self) -> dict[str, str]:
        name = self._user.name or self._user.email
        words = name.split()
        initials = words[0][0] + words[-1][0] if len(words) > 1 else name[:2]
        return {
            "name": name,
            "email": self._user.email,
            "initials": initials.upper(),
            "url": reverse("me"),
        }

    @cached_property
    def agencies(self) -> list[Choice]:
        """The person's agencies, portals among them."""
        return [
            Choice(
                seat.agency.name,
                front_door(seat),
                seat.pk == self.member.pk,
                seat.agency.slug,
            )
            for seat in getattr(self.member, "seats", None) or seats_of(self._user.pk)
        ]

    @cached_property
    def brand(self) -> AgencySettings:
        """How the agency looks to its clients."""
        return getattr(self.agency, "settings", None) or AgencySettings(agency=self.agency)

    @cached_property
    def brand_style(self) -> str:
        """The agency's own colour as CSS; nothing for the house's, which has a shade for each theme."""
        colour = self.brand.brand_colour
        own = colour != AgencySettings._meta.get_field("brand_colour").default
        return f"--accent:{colour};--accent-hover:{colour}" if own else ""

    @cached_property
    def entries(self) -> list[Link]:
        links = self._links(PORTAL if self.portal else AGENCY, {})
        return [self._counted(link) if link.key == "inbox" else link for link in links]

    @cached_property
    def store(self) -> Store | None:
        slug = self._kwargs.get("store")
        return next((store for store in self._stores if store.slug == slug), None) if slug else None

    @cached_property
    def stores(self) -> list[Choice]:
        """Stores one may switch to, staying on the same page where the address allows."""
        found = []
        for store in self._stores:
            url = self._same_page(store) or self._url("store", {"store": store.slug})
            if url:
                found.append(
                    Choice(
                        store.name,
                        url,
                        self._kwargs.get("store") == store.slug,
                        store.slug,
                    )
                )
        return found

    @cached_property
    def store_entries(self) -> list[Link]:
        return self._links(STORE, {"store": self.store.slug}) if self.store and not self.portal else []

    @cached_property
    def palette_url(self) -> str:
        return "" if self.portal else self._url("palette", {})

    @cached_property
    def jobs_url(self) -> str:
        return "" if self.portal else self._url("job-tray", {})

    @cached_property
    def running_jobs(self) -> int:
        """The member's jobs that have not ended."""
        if self.portal:
            return 0
        return Job.objects.filter(by=self.member, state__in=[Job.State.QUEUED, Job.State.RUNNING]).count()

    @cached_property
    def _stores(self) -> list[Store]:
        return list(stores_for(self.member).filter(active=True).order_by("name"))

    def _same_page(self, store: Store) -> str:
        return self._url(self._name, {"store": store.slug}) if set(self._kwargs) == {"store"} else ""

    def _counted(self, link: Link) -> Link:
        today = localdate()
        mine = Finding.objects.filter(finding_filter(self.member), assigned=self.member)
        mine = mine.filter(state=Finding.State.OPEN, due__lte=today)
        found = mine.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due__lt=today)))
        return Link(
            link.key,
            link.label,
            link.url,
            link.icon,
            link.active,
            found["n"],
            bool(found["late"]),
        )

    def _links(self, places: tuple[Place, ...], kwargs: dict[str, Any]) -> list[Link]:
        shown = [place for place in places if self.member.can(place.needs)]
        links = [(place, self._url(place.name, kwargs)) for place in shown]
        return [Link(p.name, p.label, url, p.icon, self._is_at(p, kwargs)) for p, url in links if url]

    def _is_at(self, place: Place, kwargs: dict[str, Any]) -> bool:
        if not kwargs and "store" in self._kwargs and place.name in OF_STORES:
            return False  # the store's own entry is the active one
        return self._name == place.name or self._name.startswith(place.under or ("\0",))

    def _url(self, name: str, kwargs: dict[str, Any]) -> str:
        """The address of a page; "" while no app offers it."""
        for words in ({"agency": self.agency.slug, **kwargs}, kwargs):  # some pages are everybody's: API docs
            try:
                return reverse(name, kwargs=words)
            except NoReverseMatch:
                continue
        return ""


def front_door(seat: Any) -> str:
    """Where a seat's person enters: the agency's overview, or its portal."""
    return f"/portal/{seat.agency.slug}/" if seat.role == Role.CLIENT else f"/{seat.agency.slug}/"
