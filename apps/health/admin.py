"""Console tables of account health: the standards that all agencies are judged by."""

from django.contrib import admin

from apps.core.admin import ConsoleAdmin
from apps.health.models import Standard


@admin.register(Standard)
class StandardAdmin(ConsoleAdmin):
    """What a metric must be, by site and programme, from a day on. Rates in millionths: 10000 is 1 %."""

    editable = True
    list_display = ("metric", "marketplace", "programme", "operator", "target", "window_days", "valid_from", "official")
    list_filter = ("metric", "marketplace", "programme", "official")
    search_fields = ("metric", "source")
    ordering = ("metric", "marketplace", "programme", "-valid_from")
