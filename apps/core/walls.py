"""Row-level security as SQL: what migrations put around a table. Knows no model, acts for nobody."""

from django.db.migrations import RunSQL

PORTAL_ROLE = "storewright_portal"

# A sub-select is evaluated once a statement. There is no default: without a tenant this is an error.
ACTING = "(SELECT current_setting('app.agency_id')::bigint)"
# At a door (see `at_the_door`) no agency acts yet, so the setting may be missing there.
ACTING_OR_NOBODY = "(SELECT nullif(current_setting('app.agency_id', true), '')::bigint)"
GRANTED_STORES = (
    "((SELECT string_to_array(nullif(current_setting('app.store_ids', true), ''), ',')::bigint[])::bigint[])"
)


def isolate(table: str, *, store: str = "", door: str = "") -> RunSQL:
    """Last step of a table's first migration: the walls.

    `store` names the column holding the store for the portal's wall. `door` is `column = setting` for the few
    tables that are read before an agency acts, e.g. `"user_id = app.user_id"` (compared as text).
    """
    return RunSQL(walls(table, store=store, door=door), no_walls(table))


def walls(table: str, *, store: str = "", door: str = "") -> str:
    """The SQL of `isolate`, also used for each monthly partition: a parent's policy does not guard its children."""
    mine = f"agency_id = {ACTING}"
    seen = mine
    if door:
        column, _, setting = (word.strip() for word in door.partition("="))
        mine = f"agency_id = {ACTING_OR_NOBODY}"
        seen = f"{mine} OR {column}::text = (SELECT nullif(current_setting('{setting}', true), ''))"
    sql = (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY tenant ON {table} USING ({seen}) WITH CHECK ({mine});"
    )
    if store:
        wall = f"{store} = ANY {GRANTED_STORES}"
        sql += f"CREATE POLICY stores ON {table} AS RESTRICTIVE TO {PORTAL_ROLE} USING ({wall}) WITH CHECK ({wall});"
    return sql


def portal_wall(table: str, seen: str) -> RunSQL:
    """The portal's second wall for a table without a store of its own: only rows for which `seen` (SQL) holds.

    A table outside of agencies, like people, has no first wall yet; it gets one that lets everybody else through.
    """
    return RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_policies WHERE tablename = '{table}') THEN"
        f" CREATE POLICY everyone ON {table} USING (true) WITH CHECK (true); END IF; END $$;"
        f"CREATE POLICY own ON {table} AS RESTRICTIVE TO {PORTAL_ROLE} USING ({seen}) WITH CHECK ({seen});",
        f"DROP POLICY own ON {table};"
        f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_policies WHERE tablename = '{table}' AND policyname = 'everyone') THEN"
        f" DROP POLICY everyone ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; END IF; END $$;",
    )


def no_walls(table: str) -> str:
    return (
        f"DROP POLICY IF EXISTS stores ON {table}; DROP POLICY tenant ON {table};"
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"
    )


def tie(table: str, column: str, parent: str, *, on_delete: str = "NO ACTION") -> RunSQL:
    """A foreign key that cannot cross agencies: (agency_id, column) -> parent (agency_id, id).

    A plain foreign key would accept another agency's id and tell by its error that the id exists.
    The Django field carries `db_constraint=False`; the parent has UNIQUE (agency_id, id).
    """
    name = f"{table}_{column}_tie"
    # PostgreSQL checks the rows there are as the table's owner, whom FORCE would stop at the wall.
    tables = sorted({table, parent})
    loose = "".join(f"ALTER TABLE {each} NO FORCE ROW LEVEL SECURITY;" for each in tables)
    forced = "".join(f"ALTER TABLE {each} FORCE ROW LEVEL SECURITY;" for each in tables)
    return RunSQL(
        f"{loose}ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (agency_id, {column})"
        f" REFERENCES {parent} (agency_id, id) ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED;{forced}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
