"""Seal all secrets with the newest of CREDENTIAL_KEYS; afterwards older keys may be taken off the list."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.actions.factors import rewrap_factors
from apps.accounts.models import Agency
from apps.core.crypto import REWRAPPERS, Sealed
from apps.core.tenancy import tenant
from apps.sync.actions import rewrap


class Command(BaseCommand):
    help = "Seal credentials, secrets of webhooks and seeds of second factors with the first key of CREDENTIAL_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        changed, failed = 0, []
        try:
            changed += rewrap_factors()
        except Sealed as error:
            failed.append(f"second factors: {error}")
        for agency in Agency.objects.order_by("pk"):
            try:
                with tenant(agency.pk):
                    changed += rewrap() + sum(each() for each in REWRAPPERS)
            except Sealed as error:
                failed.append(f"{agency.slug}: {error}")
        self.stdout.write(f"{changed} secrets are sealed with the newest key now.")
        if failed:
            raise CommandError("; ".join(failed))
