from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("listings", "0003_said_by_people")]
    operations: ClassVar = [
        migrations.AddIndex("listing", models.Index(fields=["agency", "store", "sku"], name="listing_by_sku")),
    ]
