from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("listings", "0002_walls")]
    operations: ClassVar = [
        migrations.AddField("product", "edited", models.JSONField(blank=True, default=dict)),
        migrations.AddField("listing", "image_url", models.URLField(blank=True, default="", max_length=500), False),
    ]
