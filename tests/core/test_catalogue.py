"""What PostgreSQL itself says about the walls: read from its catalogue, table by table, forgetting none."""

import pytest
from django.apps import apps
from django.db import connection

from apps.core.tenancy import TenantModel
from apps.core.walls import PORTAL_ROLE

pytestmark = pytest.mark.django_db

OWNER, APP, PLATFORM = "storewright_owner", "storewright_app", "storewright_platform"
# Read by every client of an agency, or by everybody: no store to part them by. Anything else needs a store's wall.
SHARED_IN_THE_PORTAL = {
    "accounts_agency",
    "accounts_agencysettings",
    "accounts_fxrate",
    "accounts_marketplace",
    "accounts_ownrate",
    "accounts_threshold",
    "core_chainhead",
    "health_csatterms",
    "health_ownpaperkind",
    "health_paperkind",
    "health_paperrule",
    "health_standard",
}
# A client sees the own client and its people: a second wall that asks for the granted stores.
OWN_IN_THE_PORTAL = {"accounts_client", "accounts_member", "accounts_user"}
# Facts by the million: walls check their agency, loaders their store, once a document (see sales.models.Fact).
UNTIED = {"sales_orderline", "sales_salesday", "sales_trafficday", "inventory_stockday"}
# Rows that Django keeps for people and sessions, not for agencies.
NOBODYS = ("account_", "auth_", "django_", "usersessions_", "accounts_user", "mfa_")
SHARED = {
    "accounts_agency",
    "accounts_fxrate",
    "accounts_marketplace",
    "health_standard",
    "health_paperkind",
    "health_paperrule",
    "health_papertrait",
}


def ask(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def tables(column: str = "agency_id") -> set[str]:
    """Tables of ours, partitioned ones and their children included, that have the column."""
    return {
        name
        for (name,) in ask(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s"
            " AND NOT a.attisdropped WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
            column,
        )
    }


def children() -> dict[str, str]:
    """{child: partitioned table}"""
    return dict(
        ask(
            "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'"
        )
    )


def policies() -> dict[tuple[str, str], tuple]:
    """{(table, policy): (permissive, roles, command, using, check)}"""
    rows = ask(
        "SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public'"
    )
    return {(row[0], row[1]): row[2:] for row in rows}


def test_every_table_of_ours_is_an_agencys_or_known_to_be_nobodys():
    every = {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    stray = {name for name in every - tables() - SHARED if not name.startswith(NOBODYS)}
    assert not stray, "a new table belongs to an agency, or to one of the lists above"
    models = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}
    assert models <= tables()


def test_walls_stand_and_are_forced_on_every_tenant_table_and_every_partition():
    rows = ask(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = ANY(%s)"
        " AND relnamespace = 'public'::regnamespace",
        list(tables()),
    )
    assert {name for name, enabled, forced in rows if not (enabled and forced)} == set()
    assert len(rows) == len(tables()) > 60
    assert len(children()) > 60, "partitions are there to be looked at"
    assert set(children()) <= tables()


def test_the_wall_of_a_table_names_the_acting_agency_for_reading_and_writing():
    there = policies()
    for table in tables():
        permissive, roles, command, using, check = there[table, "tenant"]
        assert (permissive, roles, command) == ("PERMISSIVE", ["public"], "ALL"), table
        for text in (using, check):
            assert "agency_id = ( SELECT" in text and "app.agency_id" in text, f"{table}: {text}"
        assert " OR " not in check, f"{table}: whoever stands at a door may not write"


def test_there_is_no_wall_that_we_did_not_build():
    """One more permissive policy would open a table: they are added with OR."""
    walls = policies()
    assert {name for _table, name in walls} == {"tenant", "stores", "own", "everyone"}
    assert {table for table, name in walls if name == "own"} == OWN_IN_THE_PORTAL
    assert {table for table, name in walls if name == "everyone"} == {"accounts_user"}, "people are of no agency"


def test_a_partition_has_the_walls_of_its_parent():
    there = policies()
    for child, parent in children().items():
        for name in ("tenant", "stores"):
            assert there[child, name] == there[parent, name], (child, name)


def test_partitions_are_entered_through_their_parent_only():
    granted = ask(
        "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_name = ANY(%s) AND grantee = ANY(%s)",
        list(children()),
        [APP, PORTAL_ROLE],
    )
    # TRUNCATE is what the tests' own set-up grants, to clean up.
    assert {row for row in granted if row[2] != "TRUNCATE"} == set()


# -- the portal


def portal_grants() -> dict[str, set[str]]:
    """{table: verbs}, as PostgreSQL would answer the portal's role, whoever granted it."""
    rows = ask(
        "SELECT c.relname, verb FROM pg_class c, unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE',"
        "'REFERENCES','TRIGGER']) verb WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN"
        " ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        " AND (has_table_privilege(%s, c.oid, verb) OR (verb IN ('SELECT', 'INSERT', 'UPDATE')"
        " AND has_any_column_privilege(%s, c.oid, verb)))",
        PORTAL_ROLE,
        PORTAL_ROLE,
    )
    found: dict[str, set[str]] = {}
    for table, verb in rows:
        found.setdefault(table, set()).add(verb)
    return found


def test_the_portal_may_do_what_models_say_and_no_more():
    said = {
        model._meta.db_table: {verb.partition(" (")[0] for verb in verbs}
        for model in apps.get_models()
        if (verbs := getattr(model, "portal_may", ()))
    }
    assert portal_grants() == said
    assert not any(verbs & {"DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"} for verbs in said.values())
    for secret in (
        "accounts_apikey",
        "accounts_invitation",
        "core_idempotentcall",
        "sync_webhookendpoint",
        "sync_command",
    ):
        assert secret not in said


def test_what_the_portal_may_touch_has_a_second_restrictive_wall_by_store():
    there = policies()
    for table in portal_grants().keys() - SHARED_IN_THE_PORTAL - OWN_IN_THE_PORTAL:
        permissive, roles, command, using, check = there[table, "stores"]
        assert (permissive, roles, command) == ("RESTRICTIVE", [PORTAL_ROLE], "ALL"), table
        column = "id" if table == "accounts_store" else "store_id"
        for text in (using, check):
            assert text.startswith(f"({column} = ANY (") and "app.store_ids" in text, f"{table}: {text}"
    assert portal_grants().keys() >= SHARED_IN_THE_PORTAL, "the list of exceptions holds no strangers"


def test_no_table_with_a_store_is_without_the_stores_wall():
    """Also where the portal may not go: a grant that slips in later opens nothing."""
    guarded = {table for table, name in policies() if name == "stores"}
    assert tables("store_id") - guarded == set()


# -- roles


def test_roles_that_serve_own_nothing_and_bypass_nothing():
    rows = ask(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin FROM"
        " pg_roles WHERE rolname = ANY(%s)",
        [APP, PORTAL_ROLE],
    )
    assert {row[0] for row in rows} == {APP, PORTAL_ROLE}
    for name, *powers, can_login in rows:
        assert not any(powers), name
        assert can_login == (name == APP), name
    owned = ask(
        "SELECT relname FROM pg_class WHERE relowner IN (SELECT oid FROM pg_roles WHERE rolname = ANY(%s))"
        " AND relnamespace = 'public'::regnamespace",
        [APP, PORTAL_ROLE, PLATFORM],
    )
    assert owned == []
    owners = {name for (name,) in ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")}
    assert owners == {OWNER}


def test_the_app_can_become_the_portal_and_nothing_else():
    become = "SET" if connection.pg_version >= 160_000 else "MEMBER"  # before 16 every member may become its role
    wanted = "SELECT rolname FROM pg_roles WHERE rolname <> %s AND pg_has_role(%s, oid, %s)"
    reached = {name for (name,) in ask(wanted, APP, APP, become)}
    assert reached == {PORTAL_ROLE}
    inherited = ask(
        "SELECT rolname FROM pg_roles WHERE rolname NOT IN (%s) AND pg_has_role(%s, oid, 'USAGE')", APP, APP
    )
    assert inherited == [], "it has the portal's rights only when it has become the portal"
    climbed = ask(
        "SELECT rolname FROM pg_roles WHERE rolname <> %s AND pg_has_role(%s, oid, 'MEMBER')", PORTAL_ROLE, PORTAL_ROLE
    )
    assert climbed == [], "the portal leads nowhere"


def test_we_are_tested_as_the_app():
    assert ask("SELECT current_user, session_user") == [(APP, APP)]


def test_no_function_of_ours_runs_with_its_owners_rights():
    assert (
        ask(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
        == []
    )


def test_the_ledger_can_be_continued_but_not_rewritten():
    for role in (APP, PORTAL_ROLE, PLATFORM):
        assert ask(
            "SELECT has_table_privilege(%s, 'core_entry', 'INSERT'), has_table_privilege(%s, 'core_entry', 'UPDATE'),"
            " has_table_privilege(%s, 'core_entry', 'DELETE')",
            role,
            role,
            role,
        ) == [(True, False, False)], role


# -- ties


def test_foreign_keys_between_tenant_tables_carry_the_agency():
    """A plain one would accept another agency's row."""
    rows = ask(
        "SELECT k.conrelid::regclass::text, k.confrelid::regclass::text, k.conname,"
        " ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i) JOIN pg_attribute a"
        "   ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY i),"
        " ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i) JOIN pg_attribute a"
        "   ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY i), k.convalidated"
        " FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace"
    )
    tenants, ties = tables(), 0
    for table, parent, name, columns, targets, valid in rows:
        if parent in tenants:
            assert (columns[0], targets) == ("agency_id", ["agency_id", "id"]), f"{table}.{name}"
            assert table in tenants and len(columns) == 2 and valid, f"{table}.{name}"
            ties += 1
    assert ties > 40


def test_every_relation_of_a_model_to_a_tenants_table_is_tied():
    tied = {
        (table, column)
        for table, column in ask(
            "SELECT k.conrelid::regclass::text, a.attname::text FROM pg_constraint k JOIN pg_attribute a"
            " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[2] WHERE k.contype = 'f' AND cardinality(k.conkey) = 2"
        )
    }
    loose = set()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            parent = field.remote_field.model if field.remote_field else None
            if not parent or not issubclass(parent, TenantModel) or model._meta.db_table in UNTIED:
                continue
            if (model._meta.db_table, field.column) not in tied:
                loose.add((model._meta.db_table, field.column))
    assert loose == set()
