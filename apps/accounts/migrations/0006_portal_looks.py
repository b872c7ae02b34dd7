from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0005_portal_walls")]
    operations: ClassVar = [
        migrations.AddField("agencysettings", "logo", models.CharField(blank=True, max_length=80)),
        migrations.AddField("client", "currency", models.CharField(blank=True, max_length=3)),
    ]
