"""Which agency acts, and for a client also which stores. PostgreSQL keeps them apart; we only tell it who is here.

Two walls, both row-level security:
  1. every tenant table: rows of the acting agency only, for every role;
  2. tables a client may read: rows of the client's stores only, for the role `storewright_portal`.

The settings are local to a transaction, so nothing survives on a pooled connection.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from django.db import connection, models, transaction

from apps.core.walls import PORTAL_ROLE


class NoTenant(RuntimeError):
    """Tenant data was touched while no agency acts."""


@dataclass(frozen=True)
class Scope:
    """Who acts: an agency, and for clients the stores they were granted (None: staff)."""

    agency_id: int
    store_ids: tuple[int, ...] | None = None


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def acting_agency() -> int:
    """The acting agency's id. Raises NoTenant outside `tenant()`."""
    scope = _scope.get()
    if scope is None:
        raise NoTenant("no agency is acting: wrap the call in tenant(agency_id)")
    return scope.agency_id


def acting_scope() -> Scope | None:
    return _scope.get()


def scoped_key(*parts: object) -> str:
    """A cache, lock or file key that cannot meet another agency's. Raises NoTenant outside `tenant()`."""
    return ":".join(["agency", str(acting_agency()), *map(str, parts)])


@contextmanager
def tenant(agency_id: int, *, stores: Collection[int] | None = None) -> Iterator[None]:
    """Act for one agency, in one transaction. Never nest two agencies.

    With `stores` the transaction runs as the portal's database role and sees these stores only.
    """
    if _scope.get() is not None:
        raise RuntimeError("already acting for an agency: finish that first")
    scope = Scope(agency_id, None if stores is None else tuple(sorted(stores)))
    token = _scope.set(scope)
    try:
        with transaction.atomic():
            _tell_postgres(scope)
            yield
            _leave_postgres(scope)
    finally:
        _scope.reset(token)


@contextmanager
def at_the_door(**who: object) -> Iterator[None]:
    """Look up the row that says which agency a caller belongs to, before any agency acts.

    `who` names the credential the caller presented: user_id, key_prefix or invite_digest. Only rows that
    carry exactly this credential can be seen (`isolate(..., door=...)`).
    """
    with transaction.atomic():
        _set({f"app.{name}": str(value) for name, value in who.items()})
        yield
        _set({f"app.{name}": "" for name in who})


def _tell_postgres(scope: Scope) -> None:
    values = {"app.agency_id": str(scope.agency_id)}
    if scope.store_ids is not None:
        values["app.store_ids"] = ",".join(map(str, scope.store_ids))
    _set(values)
    if scope.store_ids is not None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {PORTAL_ROLE}")


def _leave_postgres(scope: Scope) -> None:
    """The end of a transaction forgets all this by itself; inside a test's outer transaction we must."""
    if scope.store_ids is not None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
    _set({"app.agency_id": "", "app.store_ids": ""})


def _set(values: Mapping[str, str]) -> None:
    with connection.cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
        cursor.execute(f"SELECT {calls}", list(chain.from_iterable(values.items())))


class TenantManager(models.Manager):
    """Names the agency in every query as well: the planner cannot look into the policy's sub-select."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(agency_id=acting_agency())


class TenantModel(models.Model):
    """A row that belongs to one agency. Its migration must end with `walls.isolate(table)`."""

    portal_hides: ClassVar[tuple[str, ...]] = ()  # fields that role may not read at all
    portal_may: ClassVar[tuple[str, ...]] = ()  # what the portal role may do with the table, e.g. ("SELECT",)

    agency = models.ForeignKey(
        "accounts.Agency",
        models.CASCADE,
        default=acting_agency,
        editable=False,
        related_name="+",
    )

    objects = TenantManager()

    class Meta:
        abstract = True


def tied(to: str, **options: object) -> models.ForeignKey:
    """The Django side of `walls.tie`: a foreign key whose constraint the migration makes itself."""
    return models.ForeignKey(to, options.pop("on_delete", models.CASCADE), db_constraint=False, **options)
