"""What Amazon judges sellers by, as every installation starts with it; platform staff edit it."""

from datetime import date
from typing import Any, ClassVar

from django.db import migrations

SINCE = date(2020, 1, 1)
OFFICIAL = "Amazon: account health, order performance"
PRIME = "Amazon: Seller Fulfilled Prime"
SCHEMA = "Amazon: seller performance report"
# metric, marketplace, programme, operator, target, window days, lag days, source. Rates in millionths.
STANDARDS = [
    ("odr", "", "afn", "lt", 10_000, 60, 15, OFFICIAL),
    ("odr", "", "mfn", "lt", 10_000, 60, 15, OFFICIAL),
    ("lsr", "", "", "lt", 40_000, 30, 0, OFFICIAL),
    ("lsr", "", "10d", "lt", 40_000, 10, 0, OFFICIAL),
    ("cancel", "", "", "lt", 25_000, 7, 0, OFFICIAL),
    ("vtr", "", "", "gt", 950_000, 30, 0, OFFICIAL),
    ("otdr", "", "", "ge", 900_000, 14, 7, OFFICIAL),
    ("unit_otdr", "", "", "ge", 900_000, 14, 7, OFFICIAL),
    ("invoice", "", "", "lt", 50_000, 7, 0, SCHEMA),
    ("ahr", "", "", "ge", 200, 180, 0, OFFICIAL),
    *(
        (f"policy_{kind}", "", "", "eq", 0, 180, 0, SCHEMA)
        for kind in (
            "listing", "authenticity", "condition", "safety", "ip_received", "ip_suspected", "restricted", "food",
            "other", "documents", "warnings", "reviews",
        )
    ),
    # Seller Fulfilled Prime: on time shipped, bought shipping, cancelled, delivered on time, valid tracking.
    ("on_time_ship", "", "sfp", "ge", 990_000, 7, 0, PRIME),
    ("buy_shipping", "", "sfp", "ge", 980_000, 7, 0, PRIME),
    ("cancel", "", "sfp", "le", 5_000, 7, 0, PRIME),
    ("otdr", "UK", "sfp", "ge", 970_000, 7, 0, PRIME),
    ("otdr", "DE", "sfp", "ge", 970_000, 7, 0, PRIME),
    ("otdr", "ES", "sfp", "ge", 970_000, 7, 0, PRIME),
    ("otdr", "JP", "sfp", "ge", 960_000, 7, 0, PRIME),
    ("vtr", "JP", "sfp", "ge", 940_000, 7, 0, PRIME),
    ("cancel", "JP", "sfp", "le", 10_000, 7, 0, PRIME),
    ("vtr", "FR", "sfp", "ge", 1_000_000, 7, 0, PRIME),
]  # fmt: skip


def fill(apps: Any, schema_editor: Any) -> None:
    standard = apps.get_model("health", "Standard")
    names = ("metric", "marketplace", "programme", "operator", "target", "window_days", "lag_days", "source")
    standard.objects.bulk_create(
        standard(valid_from=SINCE, official=True, **dict(zip(names, row, strict=True))) for row in STANDARDS
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0008_people_keep_their_words")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
