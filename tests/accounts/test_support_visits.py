"""Visits of platform staff: seen by everybody who looks, told to the owners, without anything to take along."""

from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.actions.letters import mail_visit
from apps.accounts.actions.support import grant_support
from apps.core.models import Entry
from apps.core.permissions import Permission, Role
from tests.factories import UserFactory
from tests.house.goods import Goods


@pytest.fixture
def visit(acme, client):
    user = UserFactory(email="support@example.com", is_staff=True, time_zone="Asia/Shanghai")
    with acme:
        grant = grant_support(user=user, reason="Sync stuck since Monday", minutes=30, at=timezone.now())
    client.force_login(user)
    return grant


def test_every_page_says_why_somebody_is_here_and_until_when(acme, client, visit):
    for path in ("", "stores/", "settings/security/"):
        page = client.get(acme.url(path)).content.decode()
        assert "Sync stuck since Monday" in page
        assert f"until {visit.expires_at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}" in page
    client.force_login(acme.user(Role.OWNER))
    assert "Visit of platform support" not in client.get(acme.url("stores/")).content.decode()


def test_what_is_opened_stands_in_the_ledger_once(acme, client, visit):
    for _again in range(2):
        client.get(acme.url("stores/"))
        client.get(acme.url("stores/north/connections/"))
    client.get(acme.url("jobs/tray/"))
    client.get(acme.url("stores/nowhere/connections/"))
    with acme:
        opened = Entry.objects.filter(verb="support.open").order_by("number")
        assert [entry.title for entry in opened] == ["/acme/stores/", "/acme/stores/north/connections/"]
        assert {entry.reason for entry in opened} == {visit.reason}
        assert {entry.target for entry in opened} == {str(visit.pk)}


def test_no_file_leaves_and_nothing_is_sent(acme, client, visit, settings, tmp_path):
    settings.DOCUMENTS_URL = f"file://{tmp_path}"
    goods = Goods(acme, acme.store, "US", "USD")
    file = acme.url(f"sync/documents/{goods.things['document']}/file/")
    assert client.get(file).status_code == 403
    for path in ("products/export/", "orders/export/", "health/export/", "views/save/", "alerts/hours/"):
        assert client.post(acme.url(path), {"format": "csv"}).status_code == 403
    assert 'name="format"' not in client.get(acme.url("products/")).content.decode()
    analyst = Client()
    analyst.force_login(acme.user(Role.ANALYST))
    assert analyst.get(file).status_code == 200
    with acme:
        assert acme.seats[Role.ANALYST].can(Permission.EXPORT)
        assert not Entry.objects.filter(verb="support.open", title=file).exists()


def test_the_owners_are_told_by_mail(acme, visit):
    with acme:
        mail_visit(visit)
    assert [each.to for each in mail.outbox] == [[acme.user(Role.OWNER).email]]
    assert "Sync stuck since Monday" in mail.outbox[0].body
    assert "/acme/settings/security/" in mail.outbox[0].body
