"""An agency of our own in the servers that run, made before and removed after. Needs `python -m stack exec`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.apps import apps
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Agency, AgencySettings, Client, Member, Store, StoreMarketplace, User
from apps.core.permissions import Role
from apps.core.tenancy import TenantModel, tenant
from apps.inventory.actions import recompute_store
from bench.facts import fill
from bench.sizes import SELLING_DAYS, skus_of

SLUG, OTHER_SLUG = "bench", "bench-others"


@dataclass(frozen=True)
class Ground:
    agency: Agency
    store: Store
    user: User


def migrated() -> None:
    """Tables as the code wants them, made by the owner."""
    env = {**os.environ, "DATABASE_URL": os.environ["DATABASE_OWNER_URL"], "DJANGO_ROLE": "owner"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=env)


@contextmanager
def ground(*, others: int) -> Iterator[Ground]:
    """One agency with one store selling in the US and Canada, and beside it so many facts of others: half of them in
    another agency, half in another store of the same agency."""
    sweep()
    agency, elsewhere = (Agency.objects.create(name=slug.title(), slug=slug) for slug in (SLUG, OTHER_SLUG))
    user, _ = User.objects.get_or_create(email="bench@example.com", defaults={"language": "en"})
    with tenant(agency.pk):
        AgencySettings.objects.create(agency=agency)
        Member.objects.create(agency=agency, user=user, role=Role.OWNER)
        store = _store("bench")
        _crowd(_store("bench-next"), others // 2)
    with tenant(elsewhere.pk):
        _crowd(_store("bench"), others // 2)
    try:
        yield Ground(agency, store, user)
    finally:
        sweep()


def _store(slug: str) -> Store:
    client = Client.objects.create(name=f"{slug} trading")
    store = Store.objects.create(name=slug, slug=slug, region="NA", client=client, seller_id=f"A{slug}".upper())
    for code in ("US", "CA"):
        StoreMarketplace.objects.create(store=store, marketplace_id=code)
    return store


def _crowd(store: Store, facts: int) -> None:
    if facts:
        fill(store.pk, skus=skus_of(facts), selling_days=SELLING_DAYS, last=timezone.now().date())
        recompute_store(store.pk, at=timezone.now())


def sweep() -> None:
    """Everything of the bench's agencies, as the owner: nobody else may delete the ledger."""
    for agency in Agency.objects.filter(slug__in=(SLUG, OTHER_SLUG)):
        _sweep(agency)


def _sweep(agency: Agency) -> None:
    with as_owner() as owner, owner.cursor() as cursor:
        cursor.execute("SELECT set_config('app.agency_id', %s, true)", [str(agency.pk)])
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for model in reversed(list(_tenant_models())):
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE agency_id = %s", [agency.pk])
        cursor.execute("DELETE FROM accounts_agency WHERE id = %s", [agency.pk])


def _tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


@contextmanager
def as_owner() -> Iterator[psycopg.Connection]:
    """A connection that may make tables: for the rivals we compare with."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"].replace("postgres://", "postgresql://")) as owner:
        yield owner


def vacuumed(*tables: str) -> None:
    with psycopg.connect(
        os.environ["DATABASE_OWNER_URL"].replace("postgres://", "postgresql://"), autocommit=True
    ) as owner:
        for table in tables:
            owner.execute(f"VACUUM ANALYZE {table}")  # type: ignore[call-overload]


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def server() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"
