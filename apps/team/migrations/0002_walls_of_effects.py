from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate


class Migration(migrations.Migration):
    dependencies: ClassVar = [("team", "0001_effects")]
    operations: ClassVar = [isolate("team_changeeffect")]
