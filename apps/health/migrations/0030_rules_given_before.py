"""Agencies that have the set of alert rules: which of it they were given, so that what came later reaches them once.

Given is what they have, and what the ledger says they removed, known by what it looked at. Who has rules and neither did
without the set, and is given nothing of today's.
"""

from typing import Any, ClassVar

from django.db import migrations

from apps.core.tenancy import tenant

# key: fact, metric, programme, condition; as the set is today.
SET = {
    "account": ("health", "account_status", "", "band"),
    "odr": ("health", "odr", "", "band"),
    "odr-ahead": ("health", "odr", "", "forecast"),
    "lsr": ("health", "lsr", "", "band"),
    "cancel": ("health", "cancel", "", "band"),
    "vtr": ("health", "vtr", "", "band"),
    "otdr": ("health", "otdr", "", "band"),
    "prime": ("health", "on_time_ship", "sfp", "band"),
    "ahr": ("health", "ahr", "", "band"),
    "policy": ("health", "policy_*", "", "band"),
    "listing": ("notice", "listing_issue", "", "threshold"),
    "performance-notice": ("notice", "performance", "", "threshold"),
    "policy-notice": ("notice", "policy", "", "threshold"),
    "documents-notice": ("notice", "documents", "", "threshold"),
    "silent": ("health", "report_age", "", "threshold"),
    "orders": ("metric", "orders", "", "anomaly"),
    "sessions": ("metric", "sessions", "", "anomaly"),
    "stock": ("metric", "stock_available", "", "threshold"),
}
LOOKS_AT = ("fact", "metric", "programme", "condition")


def fill(apps: Any, schema_editor: Any) -> None:
    for agency in apps.get_model("accounts", "Agency").objects.values_list("pk", flat=True):
        with tenant(agency):
            given = _given(apps)
            rows = apps.get_model("health", "GivenRule")
            rows.objects.bulk_create([rows(agency_id=agency, default=key) for key in given], ignore_conflicts=True)


def _given(apps: Any) -> set[str]:
    rules = apps.get_model("health", "AlertRule").objects
    found = set(rules.exclude(default="").values_list("default", flat=True))
    removed = apps.get_model("core", "Entry").objects.filter(verb="alert-rule.remove").values_list("before", flat=True)
    looked_at = {tuple(before.get(name, "") for name in LOOKS_AT) for before in removed}
    found |= {key for key, looks_at in SET.items() if looks_at in looked_at}
    own = rules.exists() or apps.get_model("health", "AlertChannel").objects.exists()
    return found or (set(SET) if own else set())


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_initial"), ("health", "0029_walls_of_given_rules")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
