from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0013_alerts")]
    operations: ClassVar = [
        isolate("health_alertrule"),
        isolate("health_alertchannel"),
        isolate("health_alerthours"),
        isolate("health_incident", store="store_id"),
        isolate("health_signal", store="store_id"),
        isolate("health_incidentevent"),
        isolate("health_incidentopinion"),
        isolate("health_alertdelivery"),
        tie("health_alertrule", "owner_id", "accounts_member"),
        tie("health_alerthours", "member_id", "accounts_member"),
        tie("health_incident", "store_id", "accounts_store"),
        tie("health_incident", "rule_id", "health_alertrule"),
        tie("health_incident", "owner_id", "accounts_member"),
        tie("health_signal", "incident_id", "health_incident"),
        tie("health_signal", "rule_id", "health_alertrule"),
        tie("health_signal", "store_id", "accounts_store"),
        tie("health_incidentevent", "incident_id", "health_incident"),
        tie("health_incidentevent", "by_id", "accounts_member"),
        tie("health_incidentopinion", "incident_id", "health_incident"),
        tie("health_incidentopinion", "member_id", "accounts_member"),
        tie("health_alertdelivery", "incident_id", "health_incident"),
        tie("health_alertdelivery", "channel_id", "health_alertchannel"),
        tie("health_alertdelivery", "member_id", "accounts_member"),
    ]
