"""After a transactional test the database is again as migrations left it: no agency's rows, all of the shared ones.

Django would TRUNCATE all tables, which makes some thousand files anew, and would not bring back what migrations filled.
"""

from django.db import connection, transaction

# Tables that are no partition, with the bytes of all their partitions. Django's own list of migrations stays.
TABLES = """
    SELECT c.relname,
        CASE c.relkind WHEN 'r' THEN pg_relation_size(c.oid)
            ELSE (SELECT sum(pg_relation_size(part.relid)) FROM pg_partition_tree(c.oid) part) END,
        c.relforcerowsecurity, EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = c.oid)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND c.relname <> 'django_migrations'
    ORDER BY 1
"""
MANY_BYTES = 1_000_000


def log_in(role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role


def keep_seeds() -> None:
    """Copy what migrations filled into a schema of its own. As the owner, before the first test."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA seeds")
        for table in (name for name, size, _forced, _named in _tables(cursor) if size):
            cursor.execute(f"CREATE TABLE seeds.{table} AS TABLE {table}")


def empty() -> None:
    """As the owner: no rows but the seeds."""
    with transaction.atomic(), connection.cursor() as cursor:
        filled = [each for each in _tables(cursor) if each[1]]
        forced = [name for name, _size, is_forced, _named in filled if is_forced]
        # FORCE holds the owner back, from deleting and from checking foreign keys.
        _each(cursor, "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", forced)
        large = [name for name, size, _forced, named in filled if size > MANY_BYTES and not named]
        _each(cursor, "TRUNCATE {}", large)
        _each(cursor, "DELETE FROM {}", [name for name, *_ in filled if name not in large])
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'seeds'::regnamespace AND relkind = 'r'")
        _each(
            cursor, "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM seeds.{0}", [n for (n,) in cursor.fetchall()]
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _each(cursor, "ALTER TABLE {} FORCE ROW LEVEL SECURITY", forced)


def _tables(cursor) -> list[tuple[str, int, bool, bool]]:
    """(name, bytes, whether walls hold its owner too, whether other tables point to it)"""
    cursor.execute(TABLES)
    return cursor.fetchall()


def _each(cursor, sql: str, tables: list[str]) -> None:
    if tables:
        cursor.execute("; ".join(sql.format(table) for table in tables))
