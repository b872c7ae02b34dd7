from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0005_changes")]
    operations: ClassVar = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["agency", "store", "verb", "-number"], name="entry_by_verb"),
        ),
    ]
