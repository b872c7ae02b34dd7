"""Kinds of findings about the doors to the outside."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.findings import FindingKind, define_kind
from apps.core.permissions import Permission
from apps.sync.models import NOTIFICATIONS

define_kind(
    FindingKind(
        key="sync-needs-owner",
        label=_("Connection needs you"),
        icon="plug",
        tone="danger",
        sentence=_("{connection} has stopped: {problem}"),
        why=_("Nothing new comes in until access is granted again; numbers of this store grow old."),
        verb=_("Reconnect"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)
define_kind(
    FindingKind(
        key="sync-late",
        label=_("Data is late"),
        icon="clock",
        tone="warning",
        sentence=_("{dataset} is {hours} h old; {promise} h were promised"),
        why=_("What is worked out from it may be wrong by what happened since."),
        verb=_("Look at the runs"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)


def _why_silent(detail: dict[str, Any]) -> dict[str, Any]:
    """What is wrong, in the reader's words where they are ours."""
    if detail.get("code") != "test":
        return detail
    types = ", ".join(str(NOTIFICATIONS.get(each, each)) for each in detail.get("types", ()))
    return detail | {"problem": gettext("a test was sent an hour ago and has not come (%(types)s)") % {"types": types}}


def _by_step(detail: dict[str, Any]) -> str:
    """The tone of what is running out: graver with each step it has passed."""
    return {1: "info", 2: "warning"}.get(detail.get("step", 3), "danger")


define_kind(
    FindingKind(
        key="sync-notifications",
        label=_("Notifications are not arriving"),
        icon="plug",
        tone="warning",
        sentence=_("{connection}: Amazon's notifications are not arriving: {problem}"),
        why=_(
            "Changes of the account's status and issues of listings are then seen hours later, with the next regular"
            " look. The store's connections say what to do: mend the address, its permissions or the key, and"
            " subscribe again."
        ),
        verb=_("Look at the notifications"),
        link="connections",
        needs=Permission.SYNC_VIEW,
        words=_why_silent,
    )
)
define_kind(
    FindingKind(
        key="consent-ending",
        label=_("Amazon's consent ends"),
        icon="plug",
        tone="warning",
        tone_of=_by_step,
        sentence=_("The consent for {connection} ends in {left} days"),
        at_zero={"left": _("The consent for {connection} has ended or ends today")},
        why=_("Amazon's consent lasts a year. When it ends nothing new comes in until the seller consents again."),
        verb=_("Renew the consent"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)
define_kind(
    FindingKind(
        key="secret-ending",
        label=_("Client secret ends"),
        icon="plug",
        tone="warning",
        tone_of=_by_step,
        sentence=_("The client secret of {connection} ends in {left} days"),
        at_zero={"left": _("The client secret of {connection} has ended or ends today")},
        why=_(
            "Amazon turns a client secret off after 180 days. Rotate it in the Developer Console, then paste the new one "
            "here; consents stay."
        ),
        verb=_("Enter the new secret"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)
define_kind(
    FindingKind(
        key="webhook-failing",
        label=_("Webhook does not arrive"),
        icon="plug",
        tone="warning",
        sentence=_("Nothing has arrived at {host} for {days} days: {error}"),
        at_zero={"on": _("Webhooks to {host} were switched off, because they failed again and again: {error}")},
        why=_(
            "Your own systems do not hear of what happens here. What was given up can be sent again from the webhook's"
            " page, once the other side answers."
        ),
        verb=_("Look at the webhook"),
        link="settings-webhook",
        place="webhook",
        agency=True,
        needs=Permission.KEYS_EDIT,
    )
)
