"""The walls between agencies, and between clients of one agency."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.utils import DataError

from apps.accounts.models import ApiKey, Member, Store, StoreGrant
from apps.core.permissions import Role
from apps.core.tenancy import NoTenant, acting_agency, at_the_door, scoped_key, tenant

LOUD = (DataError, ProgrammingError)


def test_rows_of_another_agency_do_not_exist(acme, zeta):
    with acme:
        assert {s.name for s in Store.objects.all()} == {"acme north", "acme europe"}
        assert not Store._base_manager.filter(pk=zeta.store.pk).exists()
        assert Store._base_manager.filter(pk=zeta.store.pk).update(name="stolen") == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_store")
            assert cursor.fetchone() == (2,)


def test_touching_data_without_a_tenant_is_an_error_not_an_empty_list(acme):
    with pytest.raises(NoTenant):
        Store.objects.count()
    for attempt in (Store._base_manager.exists, Store._base_manager.count, lambda: list(Store._base_manager.all())):
        with pytest.raises(LOUD), transaction.atomic():
            attempt()


def test_writing_into_another_agency_is_refused(acme, zeta):
    with pytest.raises(ProgrammingError, match="row-level security"), acme:
        Store.objects.create(name="gift", slug="gift", client=acme.client, agency_id=zeta.agency.pk)


def test_a_row_cannot_hang_from_another_agencys_row_and_the_error_is_that_of_a_missing_one(acme, zeta):
    def grant(store_id: int) -> str:
        with pytest.raises(IntegrityError) as error, transaction.atomic(), acme:
            StoreGrant.objects.create(member=acme.seats[Role.JUNIOR], store_id=store_id)
            connection.check_constraints()
        return str(error.value).replace(str(store_id), "?").replace(str(acme.agency.pk), "?")

    assert grant(zeta.store.pk) == grant(9_999_999)


def test_agencies_do_not_nest(acme, zeta):
    with acme, pytest.raises(RuntimeError), zeta:
        pass


def test_a_client_sees_only_the_granted_store(acme):
    with tenant(acme.agency.pk, stores=[acme.store.pk]):
        assert [s.pk for s in Store.objects.all()] == [acme.store.pk]
        assert not Store._base_manager.filter(pk=acme.other_store.pk).exists()
    with tenant(acme.agency.pk, stores=[]):
        assert not Store.objects.exists()
    with acme:
        assert Store.objects.count() == 2


def test_the_portal_role_may_not_read_what_no_model_opens_to_it(acme):
    with pytest.raises(ProgrammingError, match="permission denied"), tenant(acme.agency.pk, stores=[acme.store.pk]):
        ApiKey.objects.exists()


def test_at_the_door_one_sees_only_the_rows_of_the_presented_credential(acme, zeta):
    owner = acme.user(Role.OWNER)
    with at_the_door(user_id=owner.pk):
        assert [m.user_id for m in Member._base_manager.all()] == [owner.pk]
    with pytest.raises(ProgrammingError, match="row-level security"), at_the_door(user_id=owner.pk):
        Member._base_manager.filter(user=owner).update(role=Role.OWNER)


def test_a_failed_block_forgets_its_agency(acme):
    with pytest.raises(ZeroDivisionError), tenant(acme.agency.pk):
        _ = 1 / 0
    with pytest.raises(NoTenant):
        acting_agency()
    with pytest.raises(NoTenant):
        scoped_key("job", 1)
    with pytest.raises(LOUD), transaction.atomic():
        Store._base_manager.count()


@pytest.mark.django_db(transaction=True)
def test_the_setting_does_not_outlive_the_transaction(transactional_db):
    from tests.world import World

    world = World("solo")
    with world:
        assert Store.objects.count() == 2
    with pytest.raises(LOUD):
        Store._base_manager.count()
