from typing import ClassVar

from django.db import migrations

from apps.core.walls import portal_wall

MINE = "client_id IN (SELECT client_id FROM accounts_store)"  # through the stores' own wall: of granted stores


class Migration(migrations.Migration):
    """Clients see their own client and its people, not the agency's staff and other clients."""

    dependencies: ClassVar = [("accounts", "0004_say_names")]
    operations: ClassVar = [
        portal_wall("accounts_client", "id IN (SELECT client_id FROM accounts_store)"),
        portal_wall("accounts_member", MINE),
        portal_wall("accounts_user", "id IN (SELECT user_id FROM accounts_member)"),
    ]
