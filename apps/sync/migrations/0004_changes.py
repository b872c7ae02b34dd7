from typing import ClassVar

from django.db import migrations, models

from apps.core.changes import Moment, stamps


def changed_at() -> models.DateTimeField:
    return models.DateTimeField(db_default=Moment(), editable=False)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sync", "0003_say_names"), ("core", "0005_changes")]
    operations: ClassVar = [
        migrations.AddField("run", "changed_at", changed_at()),
        migrations.AddField("storeddocument", "changed_at", changed_at()),
        migrations.AddIndex("run", models.Index(fields=["agency", "changed_at", "id"], name="run_by_change")),
        migrations.AddIndex(
            "storeddocument", models.Index(fields=["agency", "changed_at", "id"], name="document_by_change")
        ),
        stamps("sync_run", quiet=("lease", "lease_until", "changed_at")),
        stamps("sync_storeddocument", quiet=("changed_at",)),
    ]
