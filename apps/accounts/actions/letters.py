"""Letters of the house: an invitation's link, and that the platform's staff is looking in."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import AgencySettings, Invitation, Member, SupportGrant
from apps.core.permissions import Role


def mail_invitation(made: Invitation, token: str) -> None:
    """The link to the invited address, in the agency's language. Raises OSError if the mail server does not take it."""
    agency = made.agency
    context = {
        "offer": made,
        "agency": agency,
        "by": made.invited_by,
        "link": settings.BASE_URL.rstrip("/") + reverse("invitation", kwargs={"token": token}),
    }
    with translation.override(_language()):
        subject = _("%(agency)s invites you to Storewright") % {"agency": agency}
        _send(subject, "invitation", context, [made.email])


def mail_visit(grant: SupportGrant) -> None:
    """To the agency's owners: somebody of the platform may look in, why and until when. Raises OSError."""
    owners = Member.objects.filter(role=Role.OWNER, active=True, user__isnull=False).values_list(
        "user__email", flat=True
    )
    link = settings.BASE_URL.rstrip("/") + reverse("settings-security", kwargs={"agency": grant.agency.slug})
    with translation.override(_language()):
        subject = _("Platform support looks into %(agency)s") % {"agency": grant.agency}
        for email in owners:
            _send(subject, "support", {"grant": grant, "agency": grant.agency, "link": link}, [email])


def _language() -> str:
    """The acting agency's."""
    return AgencySettings.objects.values_list("language", flat=True).first() or settings.LANGUAGE_CODE


def _send(subject: str, name: str, context: dict[str, Any], to: Iterable[str]) -> None:
    mail = EmailMultiAlternatives(subject, render_to_string(f"accounts/mail/{name}.txt", context), to=list(to))
    mail.attach_alternative(render_to_string(f"accounts/mail/{name}.html", context), "text/html")
    mail.send()
