"""The admin console's ground: its own database login, its own staff, everything it changes is kept in its log."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

PLATFORM = "platform"  # the database alias whose role sees every agency

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def may_enter(request: HttpRequest) -> bool:
    """Platform staff, with a second factor where the installation asks for one."""
    user = request.user
    if not (user.is_active and user.is_staff) or PLATFORM not in settings.DATABASES:
        return False
    return is_mfa_enabled(user) or not settings.PLATFORM_MFA_REQUIRED


admin.site.has_permission = may_enter  # type: ignore[method-assign]


class ConsoleAdmin(ModelAdmin):
    """A table of the console. Reads and writes with the platform's login; read-only unless `editable`."""

    editable = False
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = self.model._base_manager.using(PLATFORM).all()
        return rows.order_by(*(self.get_ordering(request) or ("-pk",)))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.save(using=PLATFORM)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Built here: Django's own asks the default manager, which wants an acting agency."""
        rows = db_field.remote_field.model._base_manager.using(PLATFORM)
        return forms.ModelChoiceField(rows, required=not db_field.blank, label=db_field.verbose_name)

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
