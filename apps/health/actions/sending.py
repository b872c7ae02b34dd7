"""Sends one message: read in a transaction, sent outside it, what came of it noted in another.

Nothing a channel does can lose an alert: the incident and its finding are there already, the message waits and is
tried again for days, and what was given up is listed with its reason.
"""

import random
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from apps.core import copying
from apps.core.crypto import Sealed
from apps.core.tenancy import tenant
from apps.health.actions.channels import opened
from apps.health.domain import bots
from apps.health.models import AlertChannel, AlertDelivery
from apps.health.queries import alert_words
from apps.sync.domain import retry
from apps.sync.http import redact
from apps.sync.outward import Refused, post

LEASE_SECONDS = 60
State = AlertDelivery.State


def deliver(delivery_id: Any, *, agency_id: int) -> str:
    """One attempt; returns "sent", "failed" or "" if there was nothing to do."""
    with tenant(agency_id):
        row = _claim(delivery_id, at=timezone.now())
    if row is None:
        return ""
    status, error = _attempt(row)
    with tenant(agency_id):
        _note(row, status, error, at=timezone.now())
    return "failed" if error else "sent"


def _claim(delivery_id: Any, *, at: datetime) -> AlertDelivery | None:
    asked = AlertDelivery.objects.filter(pk=delivery_id).first()
    if asked and asked.gathered:  # one worker at a time for one receiver: the others find theirs told already
        copying.lock("digest", asked.channel_id, asked.member_id, asked.address)
    rows = AlertDelivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("channel")
    row = rows.filter(pk=delivery_id, state=State.DUE, due_at__lte=at).first()
    if row is None or (row.lease_until and row.lease_until > at):
        return None
    if not row.channel.active and row.event != "test":
        row.state, row.error = State.DEAD, "the channel is switched off"
        row.save(update_fields=["state", "error"])
        return None
    if row.gathered and not row.attempts:
        _merge(row, at)
    row.attempts += 1
    row.lease_until = at + timedelta(seconds=LEASE_SECONDS)
    row.save(update_fields=["attempts", "lease_until", "payload"])
    return row


def _merge(row: AlertDelivery, at: datetime) -> None:
    """Everything else that waited for the same receiver becomes part of this message, in the order it happened."""
    waiting = AlertDelivery.objects.filter(
        channel=row.channel_id, member=row.member_id, address=row.address, state=State.DUE, due_at__lte=at,
        gathered=True, attempts=0,
    ).exclude(pk=row.pk)  # fmt: skip
    others = list(waiting.select_for_update(skip_locked=True, of=("self",)))
    if not others:
        return
    parts = [each.payload for each in sorted([row, *others], key=lambda each: each.pk)]
    row.payload = {"event": "digest", "agency": row.payload["agency"], "url": _list_of(row.payload), "parts": parts}
    AlertDelivery.objects.filter(pk__in=[each.pk for each in others]).update(state=State.MERGED)


def _list_of(payload: dict[str, Any]) -> str:
    """The address of the list an incident stands in."""
    return str(payload["url"]).rstrip("/").rsplit("/", 1)[0] + "/"


def _attempt(row: AlertDelivery) -> tuple[int | None, str]:
    with translation.override(row.language or settings.LANGUAGE_CODE):
        said = alert_words.message(row.payload)
        try:
            return (None, _mail(row, said)) if row.channel.kind == AlertChannel.Kind.EMAIL else _post(row, said)
        except (Refused, Sealed) as error:
            return None, str(error)[:280]


def _mail(row: AlertDelivery, said: bots.Message) -> str:
    context = {"said": said, "payload": row.payload}
    text = render_to_string("health/alerts/mail.txt", context)
    mail = EmailMultiAlternatives(said.title, text, to=[row.address])
    mail.attach_alternative(render_to_string("health/alerts/mail.html", context), "text/html")
    # The same message sent twice has one id: mail programs show it once.
    mail.extra_headers["Message-ID"] = f"<{row.pk.hex}@storewright>"
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"[:280]
    return ""


def _post(row: AlertDelivery, said: bots.Message) -> tuple[int, str]:
    secret = opened(row.channel)
    seconds = int(timezone.now().timestamp())
    letter = bots.letter(row.channel.kind, said, secret["url"], secret.get("secret", ""), seconds=seconds)
    headers = {"content-type": "application/json; charset=utf-8"}
    status, answer = post(letter.url, letter.body, headers, insecure=settings.ALLOW_HTTP_OUTSIDE, plain=True)
    return status, redact(bots.refusal(row.channel.kind, status, answer), 280)


def _note(row: AlertDelivery, status: int | None, error: str, *, at: datetime) -> None:
    mine = AlertDelivery.objects.filter(pk=row.pk, attempts=row.attempts)
    channel = AlertChannel.objects.filter(pk=row.channel_id)
    if not error:
        mine.update(state=State.SENT, status=status, sent_at=at, lease_until=None, error="")
        channel.update(failures=0, last_ok_at=at)
        return
    seconds = retry.delivery_pause(row.attempts, random.random())
    values: dict[str, Any] = {"status": status, "error": error[:300], "lease_until": None}
    values |= {"state": State.DEAD} if seconds is None else {"due_at": at + timedelta(seconds=seconds)}
    if mine.update(**values):
        channel.update(failures=F("failures") + 1)
