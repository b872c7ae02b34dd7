from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
    ]
    operations: ClassVar = [
        isolate("accounts_agencysettings"),
        isolate("accounts_client"),
        isolate("accounts_rolelimit"),
        isolate("accounts_threshold"),
        isolate("accounts_supportgrant"),
        isolate("accounts_member", door="user_id = app.user_id"),
        isolate("accounts_storegrant", store="store_id"),
        isolate("accounts_invitation", door="digest = app.invite_digest"),
        isolate("accounts_apikey", door="prefix = app.key_prefix"),
        isolate("accounts_store", store="id"),
        isolate("accounts_storemarketplace", store="store_id"),
        tie("accounts_supportgrant", "member_id", "accounts_member"),
        tie("accounts_member", "client_id", "accounts_client"),
        tie("accounts_storegrant", "member_id", "accounts_member"),
        tie("accounts_storegrant", "store_id", "accounts_store"),
        tie("accounts_invitation", "client_id", "accounts_client"),
        tie("accounts_invitation", "invited_by_id", "accounts_member"),
        tie("accounts_apikey", "member_id", "accounts_member"),
        tie("accounts_apikey", "created_by_id", "accounts_member"),
        tie("accounts_store", "client_id", "accounts_client"),
        tie("accounts_store", "owner_id", "accounts_member"),
        tie("accounts_storemarketplace", "store_id", "accounts_store"),
    ]
