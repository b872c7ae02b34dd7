"""Stores from the list to the certificate: edited, followed by their streams, set up in steps, off-boarded and packed."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Client, Store, StoreGrant
from apps.core import jobs
from apps.core.models import Entry, Finding, Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.core.undo import CannotUndo, undo
from apps.sync import actions
from apps.sync.actions.credentials import opened
from apps.sync.actions.reviewing import review
from apps.sync.models import Connection, Run, StoredDocument, Stream
from apps.sync.queries.setting_up import steps
from tests.house.goods import Goods
from tests.inventory.lines import fill


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))
    return client


def form(world, **changes):
    values = {
        "name": "acme north",
        "client": world.client.pk,
        "owner": "",
        "seller_id": world.store.seller_id,
        "sites": ["US", "CA"],
        "pool_US": "",
        "pool_CA": "",
    }
    return values | changes


def followed(store):
    streams = Stream.objects.filter(store=store, active=True).exclude(marketplace="")
    return set(streams.values_list("marketplace", flat=True))


@pytest.fixture
def connected(acme):
    with acme:
        actions.connect(acme.store, "sp_api", {"refresh_token": "Atzr|x"}, by=acme.seats[Role.OWNER], at=timezone.now())
    return acme


def test_streams_follow_the_sites_and_an_undo_brings_them_back(connected, owner):
    world = connected
    page = owner.get(world.url("stores/north/edit/")).content.decode()
    assert 'value="US" class="ck" id="id_sites' in page or 'value="US"' in page
    with world:
        assert followed(world.store) == {"US", "CA"}
    answer = owner.post(world.url("stores/north/edit/"), form(world, sites=["US", "MX"], pool_MX="share", name="North"))
    assert answer.status_code == 302
    with world:
        assert followed(world.store) == {"US", "MX"}
        assert not Run.objects.filter(stream__marketplace="CA", state="due").exists()
        assert Store.objects.get(pk=world.store.pk).name == "North"
        assert world.store.sites.get(marketplace="MX").pool == "share"
        entry = Entry.objects.get(verb="store.sites")
        assert (entry.before, entry.after) == ({"CA": "", "MX": None}, {"CA": None, "MX": "share"})
        undo(entry, by=world.seats[Role.OWNER], at=timezone.now())
        assert followed(world.store) == {"US", "CA"}
        undo(Entry.objects.get(verb="store.edit"), by=world.seats[Role.OWNER], at=timezone.now())
        assert Store.objects.get(pk=world.store.pk).name == "acme north"


def test_a_resumed_connection_leaves_streams_of_left_sites_asleep(connected, owner):
    world = connected
    owner.post(world.url("stores/north/edit/"), form(world, sites=["US"]))
    with world:
        door = Connection.objects.select_related("store").get(kind="sp_api")
        actions.pause(door, by=world.seats[Role.OWNER], at=timezone.now())
        actions.resume(door, by=world.seats[Role.OWNER], at=timezone.now())
        assert followed(world.store) == {"US"}


def test_with_another_client_the_people_of_the_one_before_are_out(acme, owner):
    owner.post(acme.url("stores/north/edit/"), form(acme, client=acme.second_client.pk))
    with acme:
        seat = acme.seats[Role.CLIENT]
        assert not StoreGrant.objects.filter(member=seat).exists()
    assert owner.get(acme.url("changes/")).status_code == 200
    with acme:
        entry = Entry.objects.get(verb="store.edit")
        undo(entry, by=acme.seats[Role.OWNER], at=timezone.now())
        assert StoreGrant.objects.filter(member=seat, store=acme.store).exists()
        assert Store.objects.get(pk=acme.store.pk).client_id == acme.client.pk
        Store.objects.filter(pk=acme.store.pk).update(client=acme.second_client)


def test_an_edit_that_was_changed_since_is_not_undone(acme, owner):
    owner.post(acme.url("stores/north/edit/"), form(acme, name="One"))
    owner.post(acme.url("stores/north/edit/"), form(acme, name="Two"))
    with acme, pytest.raises(CannotUndo):
        undo(Entry.objects.filter(verb="store.edit").earliest("number"), by=None, at=timezone.now())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sites": []}, "Choose the sites"),
        ({"sites": ["DE"]}, "not one of the available"),
        ({"name": ""}, "required"),
        ({"pool_US": "x" * 21}, "at most 20"),
        ({"seller_id": "ANOTHER"}, "is connected"),
    ],
)
def test_wrong_input_is_refused_with_its_reason(connected, owner, changes, said):
    answer = owner.post(connected.url("stores/north/edit/"), form(connected, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_who_may_not_edit_stores_does_not(acme, client):
    client.force_login(acme.user(Role.SENIOR))
    assert client.post(acme.url("stores/north/edit/"), form(acme)).status_code == 403


def test_an_off_boarding_leaves_a_proof_and_can_be_taken_back(connected, owner):
    world = connected
    owner.post(world.url("stores/north/off-board/"), {"reason": "Contract over"})
    with world:
        entry = Entry.objects.get(verb="connection.disconnect")
        assert entry.after["erased"] == ["refresh_token"]
        assert "Atzr" not in repr(list(Entry.objects.values()))
    proof = owner.get(world.url("stores/north/certificate/")).content.decode()
    for word in (
        "Contract over",
        "refresh_token",
        f"#{entry.number}",
        entry.digest,
        "no credentials of this store are kept",
    ):
        assert word in proof
    with world:
        Connection.objects.filter(kind="sp_api").update(credentials="v1.left")
    assert "still kept" in owner.get(world.url("stores/north/certificate/")).content.decode()
    owner.post(world.url("stores/north/take-back/"))
    with world:
        assert Store.objects.get(pk=world.store.pk).active
        assert Connection.objects.filter(store=world.store, kind="upload", state="active").exists()
        left = Entry.objects.get(verb="store.off_board")
        with pytest.raises(CannotUndo):
            undo(left, by=None, at=timezone.now())


def test_an_off_boarding_is_undone_from_the_ledger(acme, owner):
    owner.post(acme.url("stores/north/off-board/"), {"reason": "By mistake"})
    with acme:
        undo(Entry.objects.get(verb="store.off_board"), by=acme.seats[Role.OWNER], at=timezone.now())
        assert Store.objects.get(pk=acme.store.pk).active


def test_everything_of_a_store_goes_into_a_zip_and_nothing_of_another(acme, owner):
    Goods(acme, acme.store, "US", "USD")
    with acme:
        fill(acme.other_store, 2, pool="EU", currency="EUR")
    assert owner.post(acme.url("stores/north/pack/")).status_code == 302
    with acme:
        job = Job.objects.get(kind="store.pack")
    jobs.run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        with documents().open(job.file) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
            names = set(archive.namelist())
            assert {"documents.csv", "sales.orderline.csv", "inventory.replenishment.csv", "core.entry.csv"} <= names
            lines = list(csv.DictReader(archive.read("inventory.replenishment.csv").decode("utf-8-sig").splitlines()))
            assert {line["store_id"] for line in lines} == {str(acme.store.pk)}
            files = list(csv.DictReader(archive.read("documents.csv").decode("utf-8-sig").splitlines()))
            assert [file["name"] for file in files] == ["orders_us.txt"]
            assert "credentials" not in archive.read("sync.connection.csv").decode()


# -- the list


def test_the_list_filters_sorts_and_exports(acme, owner):
    with acme:
        Client.objects.filter(pk=acme.client.pk).update(monthly_fee=50_000, fee_currency="USD", contract="2026-17")
    page = owner.get(acme.url("stores/")).content.decode()
    assert "2026-17" in page
    assert "$500" in page
    assert "acme europe" not in owner.get(acme.url("stores/?region=NA")).content.decode()
    assert "acme north" not in owner.get(acme.url("stores/?owner=me")).content.decode()
    assert "acme north" not in owner.get(acme.url("stores/?client=acme+second+client")).content.decode()
    by_fee = owner.get(acme.url("stores/?sort=-fee")).content.decode()
    assert by_fee.index("acme north") < by_fee.index("acme europe")
    assert "2026-17" not in owner.get(acme.url("stores/?cols=owner")).content.decode()
    assert owner.post(acme.url("stores/export/"), {"format": "csv", "query": "region=NA"}).status_code == 302
    with acme:
        job = Job.objects.get(kind="stores.export")
    jobs.run(job.pk, agency_id=acme.agency.pk)
    with acme:
        job.refresh_from_db()
        text = documents().open(job.file).read().decode("utf-8-sig")
    assert "500.00,USD" in text
    assert "europe" not in text


def test_a_junior_sees_the_own_stores_only(acme, client):
    client.force_login(acme.user(Role.JUNIOR))
    assert "acme europe" not in client.get(acme.url("stores/")).content.decode()


def test_as_many_queries_however_many_stores(acme, owner):
    def counted():
        with CaptureQueriesContext(connection) as seen:
            owner.get(acme.url("stores/"))
        return len(seen)

    counted()
    few = counted()
    with acme:
        for n in range(6):
            new = Store.objects.create(
                name=f"More {n}", slug=f"more-{n}", client=acme.client, owner=acme.seats[Role.JUNIOR]
            )
            Connection.objects.create(store=new, kind="sp_api", authorised_at=timezone.now())
            StoreGrant.objects.create(member=acme.seats[Role.JUNIOR], store=new)
    assert counted() == few


def test_own_applications_are_counted_apart(acme, owner):
    with acme:
        Connection.objects.create(store=acme.other_store, kind="sp_api", application="amzn1.app")
    page = owner.get(acme.url("stores/")).content.decode()
    assert "1 / 25" in page
    assert "1 / 10" in page


# -- ages of doors


@pytest.mark.parametrize(
    ("days", "step", "tone"),
    [(329, 0, ""), (330, 1, "info"), (350, 2, "warning"), (360, 3, "danger"), (400, 3, "danger")],
)
def test_a_consent_that_ends_opens_an_item_that_grows_graver(acme, owner, days, step, tone):
    now = timezone.now()
    with acme:
        Connection.objects.update(authorised_at=now - timedelta(days=days))
        review(at=now)
        found = Finding.objects.filter(kind="consent-ending").first()
        assert (found.detail["step"] if found else 0) == step
        if found:
            assert found.due == now.date() + timedelta(days=max(365 - days, 0))
    page = owner.get(acme.url("inbox/")).content.decode()
    assert (f"soft-{tone}" in page and "The consent for" in page) is bool(step)
    assert ("Renew the consent" in owner.get(acme.url("stores/north/connections/")).content.decode()) is bool(
        step
    ) or not step


def test_a_secrets_age_is_kept_from_the_day_it_was_told(acme, owner):
    now = timezone.now()
    credentials = {"refresh_token": "Atzr|x", "client_id": "amzn1.app", "client_secret": "s"}
    since = (now - timedelta(days=166)).date()
    with acme:
        by = acme.seats[Role.OWNER]
        door = actions.connect(acme.store, "sp_api", credentials | {"secret_since": since.isoformat()}, by=by, at=now)
        assert (door.secret_since, door.application) == (since, "amzn1.app")
        assert "secret_since" not in opened(door)
        review(at=now)
        assert Finding.objects.get(kind="secret-ending").detail["left"] == 14
        door = actions.connect(acme.store, "sp_api", credentials, by=by, at=now)
        assert door.secret_since == since  # the same secret again
    assert "client secret for 14 days more" in owner.get(acme.url("stores/north/connections/")).content.decode()
    with acme:
        door = actions.connect(acme.store, "sp_api", credentials | {"client_secret": "new"}, by=by, at=now)
        assert door.secret_since == now.date()
        review(at=now)
        assert not Finding.objects.filter(kind="secret-ending", state="open").exists()


# -- the first steps


def test_the_first_steps_are_left_and_gone_on_with(acme, owner):
    new = {"client": acme.client.pk, "name": "Third", "channel": "amazon", "region": "NA", "sites": ["US"]}
    assert owner.post(acme.url("stores/new/"), new)["Location"] == acme.url("stores/third/connections/")
    assert "First findings" in owner.get(acme.url("stores/third/connections/")).content.decode()
    assert acme.url("stores/third/first/") in owner.get(acme.url("stores/")).content.decode()
    assert "Nothing yet." in owner.get(acme.url("stores/third/first/")).content.decode()
    costs = owner.get(acme.url("sync/imports/?store=third&kind=costs")).content.decode()
    assert 'value="third" selected' in costs
    assert "Bring what one unit costs" in costs
    with acme:
        store = Store.objects.get(slug="third")
        assert [step.done for step in steps("acme", store)] == [True, False, False, False, False]
        Stream.objects.filter(store=store, dataset="orders").update(rows=7)
        assert steps("acme", store)[2].done
    assert owner.post(acme.url("stores/third/set-up/")).status_code == 302
    assert "Go on setting up" not in owner.get(acme.url("stores/")).content.decode()
    assert "First steps" not in owner.get(acme.url("stores/third/connections/")).content.decode()


def test_files_alone_take_one_through_the_steps(acme, owner):
    Goods(acme, acme.store, "US", "USD")
    with acme:
        Store.objects.filter(pk=acme.store.pk).update(setting_up=True)
        store = Store.objects.get(pk=acme.store.pk)
        Connection.objects.filter(store=store, kind="sp_api").update(state="revoked")
        assert not steps("acme", store)[1].done
        StoredDocument.objects.filter(store=store).update(applied_at=timezone.now())
        assert steps("acme", store)[1].done
        assert steps("acme", store)[3].note == "0 / 2 SKU"
