"""What figures that people enter are judged by; platform staff edit it like all standards."""

from datetime import date
from typing import Any, ClassVar

from django.db import migrations

SINCE = date(2020, 1, 1)
RATING = "Amazon: account health rating"
OURS = "Amazon: contact response time, judged until October 2018"
# metric, operator, target, window days, official, source. Rates in millionths, the rating as a number.
STANDARDS = [
    ("ahr_floor", "ge", 100, 180, True, RATING),  # below it an account may be deactivated; below `ahr` it is at risk
    ("contact_response", "ge", 900_000, 30, False, OURS),
    ("replies", "le", 100_000, 30, False, OURS),
]


def fill(apps: Any, schema_editor: Any) -> None:
    standard = apps.get_model("health", "Standard")
    names = ("metric", "operator", "target", "window_days", "official", "source")
    for row in STANDARDS:
        values = dict(zip(names, row, strict=True))
        standard.objects.get_or_create(
            metric=values.pop("metric"), marketplace="", programme="", valid_from=SINCE, defaults=values
        )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0021_walls_of_figures")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
