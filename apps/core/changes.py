"""When what we hold of a row last changed, so that programs can follow a table and miss nothing.

A stamp is taken while a transaction still runs; another, taken later, may be seen earlier. Who writes stamped rows
therefore shows, in a shared advisory lock, since which second it does so, and who follows is told only of what was
stamped before all that are still at it (`settled`). Nobody waits for anybody.
"""

from datetime import datetime

from django.db import connection, models
from django.db.migrations import RunSQL

from apps.core.tenancy import acting_agency

_EPOCH = 1_767_225_600  # 2026-01-01: seconds since then fit a lock's 32 bits for 68 years
_FUNCTIONS = f"""
CREATE FUNCTION announce_changes(of_table text, agency bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(
        hashtext('changes:' || of_table || ':' || agency),
        floor(extract(epoch FROM clock_timestamp()) - {_EPOCH})::int)
$$;
CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.changed_at := OLD.changed_at;
        IF to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN
            RETURN NEW;
        END IF;
    END IF;
    PERFORM announce_changes(TG_TABLE_NAME, NEW.agency_id);
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
"""
_NO_FUNCTIONS = "DROP FUNCTION stamp_change(); DROP FUNCTION announce_changes(text, bigint);"
# A statement of its own before the rows are read: whoever announces itself later stamps later than this moment.
_SETTLED = f"""
    SELECT least(statement_timestamp(), to_timestamp(min(objid::bigint) + {_EPOCH})) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND pid <> pg_backend_pid()
      AND classid::bigint = hashtext('changes:' || %s || ':' || %s)::bigint & 4294967295
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class Moment(models.Func):
    """The clock's time while the statement runs, another for each row: Django's Now() stands still."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


def functions() -> RunSQL:
    """The migration step that makes what `stamps` and loaders call."""
    return RunSQL(_FUNCTIONS, _NO_FUNCTIONS)


def stamps(table: str, *, quiet: tuple[str, ...] = ()) -> RunSQL:
    """The migration step that keeps `changed_at` of a table whose rows many hands write, one by one. A change of the
    `quiet` columns alone is no news."""
    names = ", ".join(f"'{name}'" for name in quiet)
    return RunSQL(
        f"CREATE TRIGGER stamp_change BEFORE INSERT OR UPDATE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION stamp_change({names})",
        f"DROP TRIGGER stamp_change ON {table}",
    )


def announce(table: str) -> None:
    """From now until the transaction ends, rows of the acting agency are stamped in `table`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT announce_changes(%s, %s)", [table, acting_agency()])


def settled(table: str) -> datetime:
    """Up to here (exclusive) no row of the acting agency will be stamped any more that cannot be seen yet."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED, [table, str(acting_agency())])
        return cursor.fetchone()[0]
