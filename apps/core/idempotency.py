"""`Idempotency-Key`: a call that is sent twice happens once.

The row is written in the same transaction as the effect: either both are there or neither.
400 without a key, 409 while the first call is still running, 422 for the same key with another body.
"""

import hashlib
import json
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request

from apps.core.models import IdempotentCall
from apps.core.tenancy import acting_agency

HEADER = "Idempotency-Key"
LONGEST = 120
# How long an answer is kept for replay.
DAYS_KEPT = 7


class Replay(Exception):
    """Not an error: this call was done before; here is its answer."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class InFlight(exceptions.APIException):
    status_code = 409
    default_code = "in_flight"


class OtherPayload(exceptions.APIException):
    status_code = 422
    default_code = "other_payload"


def begin(request: Request, member: Any) -> IdempotentCall:
    """Claim the key for this transaction. Raises Replay, ValidationError (400), InFlight (409), OtherPayload (422)."""
    key = request.headers.get(HEADER, "").strip()
    if not key or len(key) > LONGEST or not key.isascii() or not key.isprintable():
        raise exceptions.ValidationError(
            {HEADER: [_("Send a text of your own, unique per call, up to 120 characters.")]}
        )
    if not _claimed(member, key):
        raise InFlight(_("The first call with this key is still running. Ask again in a moment."))
    mark = fingerprint(request)
    done = IdempotentCall.objects.filter(member=member, key=key).first()
    if done is None:
        return IdempotentCall(member=member, key=key, fingerprint=mark, created_at=timezone.now())
    if done.fingerprint != mark:
        raise OtherPayload(_("This key was used for another call. Use a new key for a new call."))
    raise Replay(done.status, done.body)


def finish(call: IdempotentCall, status: int, body: Any) -> None:
    """Keep the answer of a call that had its effect."""
    call.status, call.body = status, body
    call.save(force_insert=True)


def fingerprint(request: Request) -> str:
    """What makes two calls the same: method, address and body."""
    mark = hashlib.sha256(f"{request.method} {request.get_full_path()} ".encode())
    if request.content_type.startswith("multipart/"):  # its boundary differs each time
        mark.update(json.dumps(sorted(request.POST.lists())).encode())
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                mark.update(name.encode())
                for chunk in file.chunks():
                    mark.update(chunk)
                file.seek(0)
    else:
        mark.update(request.content_type.encode() + request._request.body)
    return mark.hexdigest()


def _claimed(member: Any, key: str) -> bool:
    """A lock until the transaction ends; false: another call holds it."""
    name = hashlib.sha256(f"{acting_agency()}:{member.pk}:{key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])
        return bool(cursor.fetchone()[0])
