"""Console tables: agencies, people, marketplaces, rates, thresholds and support access."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.actions.support import end_support, grant_support
from apps.accounts.models import Agency, FxRate, Marketplace, Member, Store, SupportGrant, Threshold, User
from apps.core.admin import ConsoleAdmin, may_enter, worded
from apps.core.metrics import REGISTRY
from apps.core.tenancy import tenant


def _count(model: Any) -> Subquery:
    rows = model._base_manager.filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Count("*"))
    return Subquery(rows.values("n"), output_field=IntegerField())


# Seats, addresses, second factors and sessions are their owners' own; groups are not used.
for theirs in (Group, EmailAddress, Authenticator, UserSession):
    admin.site.unregister(theirs)


@admin.register(Agency)
class AgencyAdmin(ConsoleAdmin):
    """Tenants. Suspending one answers 404 to its people and stops its syncs."""

    editable = True
    list_display = ("name", "slug", "active", "stores", "people", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "active")
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        return super().get_queryset(request).annotate(n_stores=_count(Store), n_people=_count(Member))

    @display(description=_("Stores"), ordering="n_stores")
    def stores(self, agency: Any) -> int:
        return agency.n_stores or 0

    @display(description=_("Seats"), ordering="n_people")
    def people(self, agency: Any) -> int:
        return agency.n_people or 0


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    """People. Passwords are never seen or set here."""

    editable = True
    list_display = ("email", "name", "language", "is_staff", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_active", "language")
    search_fields = ("email", "name")
    fields = ("email", "name", "language", "time_zone", "is_active", "is_staff")
    ordering = ("email",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody is taken over from here: a new password is sent to the address. Superusers alone make staff."""
        return ("email",) if request.user.is_superuser else ("email", "is_staff")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people come by invitation


@admin.register(Marketplace)
class MarketplaceAdmin(ConsoleAdmin):
    """Sites with their calendar, money and language."""

    editable = True
    list_display = ("code", "name", "region", "currency", "time_zone", "language", "domain", "active", "position")
    list_filter = ("region", "active")
    ordering = ("position",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "amazon_id") if obj else ()


@admin.register(FxRate)
class FxRateAdmin(ConsoleAdmin):
    """Reference rates: what one US dollar costs, from a day on."""

    editable = True
    list_display = ("currency", "per_usd", "valid_from")
    list_filter = ("currency",)
    ordering = ("-valid_from", "currency")


@admin.register(Threshold)
class ThresholdAdmin(ConsoleAdmin):
    """Limits that agencies set for themselves, side by side."""

    list_display = ("agency", "measured", "marketplace", "programme", "value")
    list_filter = (("metric", worded({key: metric.label for key, metric in REGISTRY.items()})), "marketplace")
    list_select_related = ("agency",)
    ordering = ("agency", "metric")

    @display(description=_("Metric"), ordering="metric")
    def measured(self, threshold: Threshold) -> str:
        return str(REGISTRY[threshold.metric].label) if threshold.metric in REGISTRY else threshold.metric


class SupportForm(forms.ModelForm):
    """Ask for access: a reason people of the agency will read, at most an hour."""

    tenant = forms.ModelChoiceField(label=_("Agency"), queryset=Agency.objects.filter(active=True).order_by("name"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=60, initial=30)

    class Meta:
        model = SupportGrant
        fields: ClassVar[list[str]] = ["reason"]

    def __init__(self, *args: Any, instance: SupportGrant | None = None, **kwargs: Any) -> None:
        # Nobody acts here, so the acting agency cannot be the new row's default; `tenant` decides on saving.
        super().__init__(*args, instance=instance or SupportGrant(agency_id=0), **kwargs)


@admin.register(SupportGrant)
class SupportGrantAdmin(ConsoleAdmin):
    """Who of the platform looked into which agency, why and how long."""

    list_display = ("agency", "user", "reason", "granted_at", "expires_at", "ended_at", "alive")
    list_select_related = ("agency", "user")
    ordering = ("-granted_at",)
    actions: ClassVar[list[str]] = ["end"]
    form = SupportForm
    fields = ("tenant", "reason", "minutes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_enter(request)

    def save_model(self, request: HttpRequest, obj: SupportGrant, form: Any, change: bool) -> None:
        """In the agency's own ledger and transaction: its people read who came and why."""
        with tenant(form.cleaned_data["tenant"].pk):
            made = grant_support(
                user=request.user, reason=obj.reason, minutes=form.cleaned_data["minutes"], at=timezone.now()
            )
        obj.pk = made.pk

    @display(description=_("Open"), boolean=True)
    def alive(self, grant: SupportGrant) -> bool:
        return grant.ended_at is None and grant.expires_at > timezone.now()

    @admin.action(description=_("End access now"))
    def end(self, request: HttpRequest, grants: QuerySet[SupportGrant]) -> None:
        living = list(grants.filter(ended_at=None))
        for grant in living:
            with tenant(grant.agency_id):
                end_support(grant.pk, at=timezone.now())
        self.message_user(request, _("%d ended.") % len(living), messages.SUCCESS)
