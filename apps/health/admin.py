"""Console tables of account health: the standards that all agencies are judged by."""

from django.contrib import admin

from apps.core.admin import ConsoleAdmin
from apps.health.models import PaperKind, PaperRule, PaperTrait, Standard


@admin.register(Standard)
class StandardAdmin(ConsoleAdmin):
    """What a metric must be, by site and programme, from a day on. Rates in millionths: 10000 is 1 %."""

    editable = True
    list_display = ("metric", "marketplace", "programme", "operator", "target", "window_days", "valid_from", "official")
    list_filter = ("metric", "marketplace", "programme", "official")
    search_fields = ("metric", "source")
    ordering = ("metric", "marketplace", "programme", "-valid_from")


@admin.register(PaperKind)
class PaperKindAdmin(ConsoleAdmin):
    """Kinds of compliance papers that every agency knows, with the format of their numbers where it is sure."""

    editable = True
    list_display = (
        "code",
        "group",
        "short",
        "name_en",
        "name_zh",
        "number_pattern",
        "source",
        "unsure",
        "active",
        "position",
    )
    list_filter = ("group", "unsure", "active")
    search_fields = ("code", "short", "name_en", "name_zh")
    ordering = ("position", "code")


@admin.register(PaperRule)
class PaperRuleAdmin(ConsoleAdmin):
    """Which products need which paper on which sites, from a day on, and on whose word."""

    editable = True
    list_display = (
        "code", "marketplaces", "wants", "kinds", "valid_from", "source", "binding", "unsure", "active", "position",
    )  # fmt: skip
    list_filter = ("binding", "unsure", "active")
    search_fields = ("code", "source")
    ordering = ("position", "code")


@admin.register(PaperTrait)
class PaperTraitAdmin(ConsoleAdmin):
    """What products may be, and the words that hint at it in titles and categories."""

    editable = True
    list_display = ("code", "name_en", "name_zh", "active", "position")
    list_filter = ("active",)
    search_fields = ("code", "name_en", "name_zh")
    ordering = ("position", "code")
