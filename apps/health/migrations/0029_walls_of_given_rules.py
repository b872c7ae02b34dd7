from typing import ClassVar

from django.db import migrations

from apps.core.walls import isolate


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0028_given_rules")]
    operations: ClassVar = [isolate("health_givenrule")]
