from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("inventory", "0002_walls")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="replenishment",
            name="chosen_mode",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
    ]
