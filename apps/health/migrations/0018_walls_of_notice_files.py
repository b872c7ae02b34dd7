from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate, tie

# A deactivated account cannot wait for somebody to press a button. The owner of the table is stopped by FORCE only.
BEGIN = """
    ALTER TABLE health_playbook NO FORCE ROW LEVEL SECURITY;
    UPDATE health_playbook SET starts = true WHERE "default" = 'deactivated';
    ALTER TABLE health_playbook FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0017_notice_files")]
    operations: ClassVar = [
        isolate("health_noticefile", store="store_id"),
        tie("health_noticefile", "store_id", "accounts_store"),
        tie("health_noticefile", "uploaded_by_id", "accounts_member"),
        tie("health_notice", "file_id", "health_noticefile"),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
