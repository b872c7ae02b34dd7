"""Ways to tell people: kept, changed, tried. Addresses of bots and their secrets are sealed to their row."""

from datetime import datetime, time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import Member
from apps.core import audit, crypto
from apps.core.models import uuid7
from apps.health.actions.telling import ring
from apps.health.models import AlertChannel, AlertDelivery, AlertHours

OPEN_FIELDS = ("name", "addresses", "language", "quiet_from", "quiet_to", "time_zone", "urgent", "active")


def opened(channel: AlertChannel) -> dict[str, str]:
    """The address and signing secret of a bot. Raises crypto.Sealed."""
    return crypto.unseal_json(channel.sealed, *_about(channel)) if channel.sealed else {}


def add(kind: str, *, url: str = "", secret: str = "", by: Member, at: datetime, **values: Any) -> AlertChannel:
    """A new channel. The ledger names it, never its address."""
    channel = AlertChannel(kind=kind, **values)
    _seal(channel, url, secret)
    channel.save(force_insert=True)
    audit.record("channel.add", channel, by=by, at=at, after={"kind": kind, **_told(channel)}, title=channel.name)
    return channel


def change(channel: AlertChannel, *, url: str = "", secret: str = "", by: Member, at: datetime, **values: Any) -> None:
    """Change a channel; an empty address or secret leaves the one there is."""
    before = _told(channel)
    for name, value in values.items():
        setattr(channel, name, value)
    if url or secret:
        had = opened(channel)
        _seal(channel, url or had.get("url", ""), secret or had.get("secret", ""))
    channel.failures = 0 if values.get("active") else channel.failures
    channel.save()
    after = _told(channel) | ({"secret": "changed"} if url or secret else {})
    audit.record("channel.change", channel, by=by, at=at, before=before, after=after, title=channel.name)


def remove(channel: AlertChannel, *, by: Member, at: datetime) -> None:
    """Forget a channel with its messages; rules that name it go on without."""
    audit.record("channel.remove", channel, by=by, at=at, before=_told(channel), title=channel.name)
    AlertDelivery.objects.filter(channel=channel).delete()
    channel.delete()


def test(channel: AlertChannel, *, by: Member, at: datetime) -> AlertDelivery:
    """Send a harmless message, at once and whatever the quiet hours; by mail to whoever asks."""
    url = settings.BASE_URL.rstrip("/") + reverse("alert-channels", kwargs={"agency": by.agency.slug})
    mail = channel.kind == AlertChannel.Kind.EMAIL
    row = AlertDelivery.objects.create(
        key=f"test:{uuid7().hex}",
        channel=channel,
        member=by if mail and not channel.addresses else None,
        address=(channel.addresses[0] if channel.addresses else by.user.email) if mail else "",
        event="test",
        language=by.user.language,
        payload={"event": "test", "url": url, "agency": by.agency.name},
        due_at=at,
    )
    ring([row.pk])
    return row


def again(delivery: AlertDelivery, *, by: Member, at: datetime) -> None:
    """Send a message that was given up once more."""
    delivery.state, delivery.due_at, delivery.attempts, delivery.error = AlertDelivery.State.DUE, at, 0, ""
    delivery.lease_until = None
    delivery.save()
    audit.record("alert.resend", delivery, by=by, at=at, title=delivery.event)
    ring([delivery.pk])


def set_hours(
    member: Member, *, quiet_from: time | None, quiet_to: time | None, urgent: bool, email: bool
) -> AlertHours:
    """When a person does not want to be told."""
    values = {"quiet_from": quiet_from, "quiet_to": quiet_to, "urgent": urgent, "email": email}
    return AlertHours.objects.update_or_create(member=member, defaults=values)[0]


def rewrap() -> int:
    """Seal all bots' secrets of the acting agency with the newest key; returns how many changed."""
    changed = 0
    for channel in AlertChannel.objects.exclude(sealed="").select_for_update():
        if not crypto.is_current(channel.sealed):
            channel.sealed = crypto.seal_json(opened(channel), *_about(channel))
            channel.save(update_fields=["sealed"])
            changed += 1
    return changed


def _seal(channel: AlertChannel, url: str, secret: str) -> None:
    channel.sealed = crypto.seal_json({"url": url, "secret": secret}, *_about(channel)) if url else ""
    channel.host = (urlsplit(url).hostname or "")[:120]


def _about(channel: AlertChannel) -> tuple[object, ...]:
    return ("alertchannel", channel.agency_id, channel.pk)


def _told(channel: AlertChannel) -> dict[str, Any]:
    return {"host": channel.host, **{name: getattr(channel, name) for name in OPEN_FIELDS}}
