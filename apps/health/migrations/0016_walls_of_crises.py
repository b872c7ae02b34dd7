from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0015_crises")]
    operations: ClassVar = [
        isolate("health_playbook"),
        isolate("health_crisis", store="store_id"),
        isolate("health_crisisstep"),
        tie("health_crisis", "playbook_id", "health_playbook"),
        tie("health_crisis", "incident_id", "health_incident"),
        tie("health_crisis", "store_id", "accounts_store"),
        tie("health_crisis", "started_by_id", "accounts_member"),
        tie("health_crisisstep", "crisis_id", "health_crisis"),
        tie("health_crisisstep", "owner_id", "accounts_member"),
        tie("health_crisisstep", "done_by_id", "accounts_member"),
        tie("health_crisisstep", "confirmed_by_id", "accounts_member"),
    ]
