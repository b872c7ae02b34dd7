"""Sessions lie in PostgreSQL alone: one that was ended stays ended, and nobody is signed out because a cache is away.

A session ends by itself after so long without a sign of its person (`idle`), and so long after the sign-in however busy
it was (`began`). Both are told to the row's own `expire_date`, so that whoever asks for the session gets the same answer:
requests, the list of one's sessions, `clearsessions`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.utils import timezone

BEGAN, IDLE = "began", "idle"  # seconds since 1970 and seconds, in the session


class SessionStore(db.SessionStore):
    """Django's own in the database, whose sessions do not live longer for being saved."""

    @property
    def begun(self) -> bool:
        """Somebody is signed in with it, and that was noted."""
        return BEGAN in self

    def begin(self, idle: int) -> None:
        """From now on: so many seconds without a sign, and SESSION_COOKIE_AGE in all."""
        self[BEGAN], self[IDLE] = int(timezone.now().timestamp()), idle

    def get_expiry_date(self, **about: Any) -> datetime:
        """When it ends if its person gives no sign from now on."""
        if BEGAN not in self:
            return super().get_expiry_date(**about)
        return min(self._last_moment, timezone.now() + timedelta(seconds=self[IDLE]))

    def seen(self, idle: int) -> None:
        """Its person gave a sign. Only the row's date is written: its content may just be changed by another request."""
        if self[IDLE] != idle:
            self[IDLE] = idle
        self.model.objects.filter(session_key=self.session_key).update(expire_date=self.get_expiry_date())

    @property
    def _last_moment(self) -> datetime:
        return datetime.fromtimestamp(self[BEGAN], UTC) + timedelta(seconds=settings.SESSION_COOKIE_AGE)
