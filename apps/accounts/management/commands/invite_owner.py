"""The first seat of an agency that nobody sits in yet: again, or to another address."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.actions.founding import invite_owner
from apps.accounts.actions.letters import mail_invitation
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Agency
from apps.core.tenancy import tenant


class Command(BaseCommand):
    help = "Invite the first owner of an agency that has none. An agency with an owner invites people itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(slug=options["slug"]).first()
        if agency is None:
            raise CommandError(f"There is no agency {options['slug']!r}.")
        try:
            with tenant(agency.pk):
                invitation, token = invite_owner(options["email"], name=options["name"], at=timezone.now())
                mail_invitation(invitation, token)
        except (Refused, OSError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{invitation.email} is invited as the first owner of {agency.slug}.")
