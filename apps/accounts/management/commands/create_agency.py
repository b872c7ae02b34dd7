"""A new tenant from a script, as the console adds one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.actions.founding import NewAgency, found_agency
from apps.accounts.actions.letters import mail_invitation
from apps.accounts.actions.refusal import Refused
from apps.core.tenancy import tenant


class Command(BaseCommand):
    help = "Make an agency with its settings and limits, and mail the invitation of its first owner."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its address: small letters, digits and hyphens; never changes")
        parser.add_argument("name")
        parser.add_argument("owner_email")
        parser.add_argument("--owner-name", default="")
        parser.add_argument("--language", default="zh-hans", choices=["zh-hans", "en"])
        parser.add_argument("--currency", default="USD", help="of mixed sums")
        parser.add_argument("--time-zone", default="Asia/Shanghai")
        parser.add_argument("--plan", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("slug", "name", "owner_email", "owner_name", "language", "currency", "time_zone", "plan")
        new = NewAgency(**{name: options[name] for name in names})
        try:
            agency, invitation, token = found_agency(new, who="manage.py create_agency", at=timezone.now())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        try:
            with tenant(agency.pk):
                mail_invitation(invitation, token)
        except OSError as error:
            text = f"{agency.slug} is there, but the mail was not sent ({error}). Then: manage.py invite_owner {agency.slug}"
            raise CommandError(f"{text} {new.owner_email}") from error
        self.stdout.write(f"{agency.slug} is there; {invitation.email} is invited as its first owner.")
