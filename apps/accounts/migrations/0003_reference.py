"""The sites and reference exchange rates every installation starts with; platform staff edit them."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import migrations

# code, Amazon id, name, region, currency, time zone of the local day, language, domain
MARKETPLACES = [
    ("US", "ATVPDKIKX0DER", "United States", "NA", "USD", "America/Los_Angeles", "en-US", "amazon.com"),
    ("CA", "A2EUQ1WTGCTBG2", "Canada", "NA", "CAD", "America/Los_Angeles", "en-CA", "amazon.ca"),
    ("MX", "A1AM78C64UM0Y8", "Mexico", "NA", "MXN", "America/Los_Angeles", "es-MX", "amazon.com.mx"),
    ("BR", "A2Q3Y263D00KWC", "Brazil", "NA", "BRL", "America/Sao_Paulo", "pt-BR", "amazon.com.br"),
    ("UK", "A1F83G8C2ARO7P", "United Kingdom", "EU", "GBP", "Europe/London", "en-GB", "amazon.co.uk"),
    ("DE", "A1PA6795UKMFR9", "Germany", "EU", "EUR", "Europe/Berlin", "de-DE", "amazon.de"),
    ("FR", "A13V1IB3VIYZZH", "France", "EU", "EUR", "Europe/Paris", "fr-FR", "amazon.fr"),
    ("IT", "APJ6JRA9NG5V4", "Italy", "EU", "EUR", "Europe/Rome", "it-IT", "amazon.it"),
    ("ES", "A1RKKUPIHCS9HS", "Spain", "EU", "EUR", "Europe/Madrid", "es-ES", "amazon.es"),
    ("NL", "A1805IZSGTT6HS", "Netherlands", "EU", "EUR", "Europe/Amsterdam", "nl-NL", "amazon.nl"),
    ("SE", "A2NODRKZP88ZB9", "Sweden", "EU", "SEK", "Europe/Stockholm", "sv-SE", "amazon.se"),
    ("PL", "A1C3SOZRARQ6R3", "Poland", "EU", "PLN", "Europe/Warsaw", "pl-PL", "amazon.pl"),
    ("BE", "AMEN7PMS3EDWL", "Belgium", "EU", "EUR", "Europe/Brussels", "fr-BE", "amazon.com.be"),
    ("IE", "A28R8C7NBKEWEA", "Ireland", "EU", "EUR", "Europe/Dublin", "en-IE", "amazon.ie"),
    ("JP", "A1VC38T7YXB528", "Japan", "FE", "JPY", "Asia/Tokyo", "ja-JP", "amazon.co.jp"),
    ("AU", "A39IBJ37TRP1C6", "Australia", "FE", "AUD", "Australia/Sydney", "en-AU", "amazon.com.au"),
    ("SG", "A19VAU5U5O7RUS", "Singapore", "FE", "SGD", "Asia/Singapore", "en-SG", "amazon.sg"),
]

# Round starting values, so that mixed sums work on the first day; to be replaced by the platform's own source.
PER_USD = {
    "CNY": "7.1", "CAD": "1.38", "MXN": "18.5", "BRL": "5.4", "GBP": "0.76", "EUR": "0.86", "SEK": "9.5",
    "PLN": "3.65", "JPY": "152", "AUD": "1.53", "SGD": "1.30", "HKD": "7.78",
}  # fmt: skip


def fill(apps: Any, schema_editor: Any) -> None:
    marketplace, rate = apps.get_model("accounts", "Marketplace"), apps.get_model("accounts", "FxRate")
    names = ("code", "amazon_id", "name", "region", "currency", "time_zone", "language", "domain")
    marketplace.objects.bulk_create(
        marketplace(position=10 * n, **dict(zip(names, row, strict=True))) for n, row in enumerate(MARKETPLACES)
    )
    rate.objects.bulk_create(
        rate(currency=code, valid_from=date(2020, 1, 1), per_usd=Decimal(value), source="starting value")
        for code, value in {"USD": "1", **PER_USD}.items()
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0002_walls")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
