"""The embedded PostgreSQL: a cluster per profile, reachable by a unix socket only."""

import contextlib
import locale
import os
import shutil
import signal
import subprocess
from pathlib import Path

from stack.place import Place
from stack.process import Child

DATABASE = "storewright"
SQL = Path(__file__).with_name("sql")

# Nothing here survives a crash, and need not: a test cluster is made anew from the migrations.
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_preload_libraries": "",  # nobody asks which statements took long
}


def url(place: Place, role: str) -> str:
    return f"postgres://storewright_{role}@/{DATABASE}?host={place.sockets}"


def start(place: Place) -> Child:
    if not (place.postgres_data / "PG_VERSION").exists():
        _make_cluster(place)
    options = {
        # No port is taken, so trust authentication is safe: the socket lies in a private folder.
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "timezone": "UTC",
        "shared_preload_libraries": "pg_stat_statements",
        "max_connections": "100",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
    }
    if place.profile == "test":
        options |= FAST_AND_FORGETFUL
    command: list[object] = [place.postgres_home / "bin/postgres", "-D", place.postgres_data]
    for key, value in options.items():
        command += ["-c", f"{key}={value}"]
    # To PostgreSQL SIGINT means: break off what runs, shut down in good order.
    child = Child.start("postgres", command, place.logs / "postgres.log", signal.SIGINT, **place.as_account)
    child.wait_until(lambda: _answers(place))
    _ensure_database(place)
    return child


def psql(place: Place, sql: str, database: str = "postgres") -> str:
    """Run SQL as superuser; what it prints, one row a line. Raises CalledProcessError on the first error."""
    command = [*_client(place, "psql"), "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"]
    return subprocess.run(command, input=sql, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()


def _client(place: Place, program: str) -> list[str]:
    return [str(place.postgres_home / "bin" / program), "-h", str(place.sockets), "-U", "postgres"]


def _make_cluster(place: Place) -> None:
    data = place.postgres_data
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, mode=0o700)
    if place.account:
        os.chown(data, place.account.pw_uid, place.account.pw_gid)
    command: list[object] = [place.postgres_home / "bin/initdb", "-D", data, "-U", "postgres", "-A", "trust"]
    # The builtin provider sorts alike on every machine.
    command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--lc-collate=C", f"--lc-ctype={_utf8_ctype()}"]
    if place.profile == "test":
        command += ["--no-sync"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **place.as_account)
    if done.returncode:
        raise SystemExit(f"initdb failed:\n{done.stdout}{done.stderr}")


def _utf8_ctype() -> str:
    """pg_trgm asks LC_CTYPE what a letter is: under plain C it drops every Chinese character."""
    before = locale.setlocale(locale.LC_CTYPE)
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            locale.setlocale(locale.LC_CTYPE, before)
            return name
    raise SystemExit("This machine has neither the locale C.UTF-8 nor en_US.UTF-8.")


def _answers(place: Place) -> bool:
    return subprocess.run([*_client(place, "pg_isready"), "-q", "-d", "postgres"], check=False).returncode == 0


def _ensure_database(place: Place) -> None:
    if psql(place, f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'") != "0":
        return
    psql(place, (SQL / "roles.sql").read_text())
    # Into template1, so that every database made from it, the tests' too, has extensions and rights.
    psql(place, (SQL / "database.sql").read_text(), "template1")
    psql(place, f"CREATE DATABASE {DATABASE} OWNER storewright_owner")
