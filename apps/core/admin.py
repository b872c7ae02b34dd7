"""The admin console's ground: its own database login, its own staff, everything it changes is kept in its log."""

from collections.abc import Iterator, Mapping
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

PLATFORM = "platform"  # the database alias whose role sees every agency

admin.site.index_title = _("Overview")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def may_enter(request: HttpRequest) -> bool:
    """Platform staff, with a second factor where the installation asks for one."""
    user = request.user
    if not (user.is_active and user.is_staff) or PLATFORM not in settings.DATABASES:
        return False
    return is_mfa_enabled(user) or not settings.PLATFORM_MFA_REQUIRED


admin.site.has_permission = may_enter  # type: ignore[method-assign]


# Columns of our tables as the console's headings and forms say them.
LABELS = {
    "action_flag": _("Deed"),
    "action_time": _("Time"),
    "active": _("Active"),
    "content_type": _("Kind"),
    "object_id": _("Key"),
    "object_repr": _("What"),
    "agency": _("Agency"),
    "amazon_id": _("Amazon's id"),
    "applied_at": _("Loaded at"),
    "as_of": _("As of"),
    "attempts": _("Attempts"),
    "authorised_at": _("Consent given at"),
    "changed": _("Changed"),
    "code": _("Code"),
    "connection": _("Connection"),
    "crashes": _("Crashes"),
    "created_at": _("Created at"),
    "currency": _("Currency"),
    "cursor": _("Where it is"),
    "date_joined": _("Joined at"),
    "digest": _("SHA-256"),
    "documents": _("Documents"),
    "domain": _("Domain"),
    "due_at": _("Due"),
    "email": _("E-mail"),
    "encoding": _("Encoding"),
    "ended_at": _("Ended"),
    "endpoint": _("Endpoint"),
    "error": _("Problem"),
    "error_kind": _("Who has to act"),
    "errors": _("Errors by line"),
    "event": _("Event"),
    "expires_at": _("Valid until"),
    "failures": _("Failures in a row"),
    "finished_at": _("Ended"),
    "first": _("First day"),
    "granted_at": _("Granted at"),
    "is_active": _("May sign in"),
    "is_staff": _("Platform staff"),
    "kind": _("Kind"),
    "label": _("Name"),
    "language": _("Language"),
    "last": _("Last day"),
    "last_login": _("Last sign-in"),
    "last_ok_at": _("Last success"),
    "lease": _("Lease"),
    "lease_until": _("Leased until"),
    "marketplace": _("Site"),
    "marketplaces": _("Sites"),
    "media_type": _("Media type"),
    "member": _("Seat"),
    "metric": _("Metric"),
    "name": _("Name"),
    "path": _("Place"),
    "per_usd": _("For one US dollar"),
    "plan": _("Agreed plan"),
    "position": _("Position"),
    "priority": _("Priority"),
    "problem": _("Problem"),
    "programme": _("Programme"),
    "quarantine": _("Why unreadable"),
    "reason": _("Reason"),
    "received_at": _("Arrived at"),
    "region": _("Region"),
    "requested_by": _("Asked for by"),
    "row": _("Kind"),
    "rows": _("Rows"),
    "run": _("Run"),
    "sent_at": _("Sent at"),
    "since": _("From"),
    "size": _("Size in bytes"),
    "slot": _("Slot"),
    "slug": _("Address"),
    "source": _("Source"),
    "started_at": _("Begun"),
    "state": _("State"),
    "status": _("HTTP status"),
    "step": _("Step"),
    "store": _("Store"),
    "stream": _("Dataset"),
    "time_zone": _("Time zone"),
    "unlinked": _("Shops nobody linked"),
    "until": _("Until"),
    "uploaded_by": _("Brought by"),
    "user": _("Person"),
    "valid_from": _("Valid from"),
    "value": _("Value"),
}


def worded(words: Mapping[str, Any]) -> type[admin.AllValuesFieldListFilter]:
    """A filter by the codes that occur in a column, each by its word."""

    class Worded(admin.AllValuesFieldListFilter):
        def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
            for choice in super().choices(changelist):
                shown = choice["display"]
                yield choice | {"display": words.get(shown, shown or _("None"))}

    return Worded


class ConsoleAdmin(ModelAdmin):
    """A table of the console. Reads and writes with the platform's login; read-only unless `editable`."""

    editable = False
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def __init__(self, model: type[models.Model], site: admin.AdminSite) -> None:
        for field in model._meta.local_fields:  # said here: no model needs a migration for its words
            field.verbose_name = LABELS.get(field.name, field.verbose_name)
        super().__init__(model, site)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = self.model._base_manager.using(PLATFORM).all()
        return rows.order_by(*(self.get_ordering(request) or ("-pk",)))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.save(using=PLATFORM)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Built here: Django's own asks the default manager, which wants an acting agency."""
        rows = db_field.remote_field.model._base_manager.using(PLATFORM)
        return forms.ModelChoiceField(
            rows, required=not db_field.blank, label=db_field.verbose_name, empty_label=_("None")
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_enter(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_enter(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.editable and may_enter(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.editable and may_enter(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
