"""Where people are signed in is noted every few minutes, not with every request."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.utils import timezone

from apps.core.permissions import Role

pytestmark = pytest.mark.django_db


def test_a_session_is_noted_at_once_and_then_every_few_minutes(acme, client):
    with acme:
        user = acme.seats[Role.OWNER].user
    client.force_login(user)
    client.get(f"/{acme.agency.slug}/")
    first = UserSession.objects.get(user=user)
    client.get(f"/{acme.agency.slug}/")
    assert UserSession.objects.get(user=user).last_seen_at == first.last_seen_at
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        client.get(f"/{acme.agency.slug}/")
    assert UserSession.objects.get(user=user).last_seen_at > first.last_seen_at + timedelta(minutes=5)
