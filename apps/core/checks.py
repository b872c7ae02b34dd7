"""Refuse to serve with a database login that the walls do not hold, or by a server that is too old."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import OperationalError, connection

OLDEST = 15_00_00  # PostgreSQL as it numbers itself: NULLS NOT DISTINCT came with 15
LOGIN = """
SELECT rolsuper, rolbypassrls,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relowner = r.oid)
FROM pg_roles r WHERE rolname = current_user
"""


@register(Tags.database)
def login_is_walled(databases: Any = None, **kwargs: Any) -> list[Error]:
    """E: superuser, BYPASSRLS or table owner. The owner's login is for `migrate` only (DJANGO_ROLE=owner)."""
    if settings.DJANGO_ROLE == "owner" or not databases or "default" not in databases:
        return []
    return problems()


def problems() -> list[Error]:
    """What is wrong with the current login; also asked at start-up of web and workers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(LOGIN)
            superuser, bypass, owner = cursor.fetchone()
            version = connection.pg_version
    except OperationalError as error:
        return [Error(f"the database cannot be reached: {error}", id="core.E010")]
    if version < OLDEST:
        told = f"PostgreSQL {version // 10_000} is too old: {OLDEST // 10_000} or newer is needed"
        return [Error(told, hint="See docs/deploy.md.", id="core.E014")]
    hint = "Serve as storewright_app (DATABASE_URL); migrate as storewright_owner (DATABASE_OWNER_URL)."
    found = {
        "core.E011": (superuser, "a superuser"),
        "core.E012": (bypass, "a role with BYPASSRLS"),
    }
    found["core.E013"] = (owner, "the owner of tables")
    return [
        Error(
            f"the database login is {what}: row-level security would not hold",
            hint=hint,
            id=code,
        )
        for code, (is_so, what) in found.items()
        if is_so
    ]
