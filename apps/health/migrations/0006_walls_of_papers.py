from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie

OF_STORES = ("skutraits", "paperwaiver", "paper", "paperfile", "paperrequest", "coverage", "coveragesum")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0005_papers")]
    operations: ClassVar = [
        isolate("health_ownpaperkind"),
        isolate("health_ownpaperrule"),
        isolate("health_categorytraits"),
        *(isolate(f"health_{name}", store="store_id") for name in OF_STORES),
        *(tie(f"health_{name}", "store_id", "accounts_store") for name in OF_STORES),
        tie("health_paperwaiver", "asked_by_id", "accounts_member"),
        tie("health_paperwaiver", "decided_by_id", "accounts_member"),
        tie("health_paper", "owner_id", "accounts_member"),
        tie("health_paper", "created_by_id", "accounts_member"),
        tie("health_paper", "decided_by_id", "accounts_member"),
        tie("health_paperfile", "paper_id", "health_paper", on_delete="CASCADE"),
        tie("health_paperfile", "uploaded_by_id", "accounts_member"),
        tie("health_paperrequest", "asked_by_id", "accounts_member"),
        tie("health_paperrequest", "paper_id", "health_paper"),
    ]
