"""A Chromium for tests and screenshots: the machine's own, else the one that npm brings (@sparticuz/chromium)."""

import fcntl
import os
import shutil
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import brotli

ROOT = Path(__file__).resolve().parent.parent
PACKED = ROOT / "node_modules" / "@sparticuz" / "chromium" / "bin"
OWN = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Pythons before 3.11.4 know no filter; the archives are npm's, checked by their hash.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
]


def path() -> tuple[str, dict[str, str]]:
    """The executable and the variables it needs: CHROMIUM, the machine's, or npm's. FileNotFoundError without any."""
    if named := os.environ.get("CHROMIUM"):
        return named, {}
    for name in OWN:
        if found := shutil.which(name):
            return found, {}
    return packed()


def packed() -> tuple[str, dict[str, str]]:
    """npm's Chromium with the libraries it was built against, unpacked once beside the other local state."""
    if not PACKED.is_dir():
        raise FileNotFoundError("no Chromium: run `make setup`, install one, or name it in CHROMIUM")
    home = ROOT / "var" / "browser"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "chromium"
    # Parallel test processes come here at the same moment.
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(home, program)
    variables = {"LD_LIBRARY_PATH": str(home / "lib")}
    if not Path("/etc/fonts/fonts.conf").exists():
        variables["FONTCONFIG_FILE"] = str(home / "own-fonts.conf")
    return str(program), variables


def _unpack(home: Path, program: Path) -> None:
    for archive in PACKED.glob("*.tar.br"):
        with tarfile.open(fileobj=BytesIO(brotli.decompress(archive.read_bytes()))) as files:
            files.extractall(home, **SAFELY)
    (home / "own-fonts.conf").write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>{home / "fonts"}</dir>'
        f"<dir>/usr/share/fonts</dir><cachedir>{home / 'font-cache'}</cachedir></fontconfig>"
    )
    whole = home / "chromium.part"
    whole.write_bytes(brotli.decompress((PACKED / "chromium.br").read_bytes()))
    whole.chmod(0o755)
    whole.replace(program)


def launch(playwright: Any) -> Any:
    """A headless browser of a running Playwright."""
    program, variables = path()
    return playwright.chromium.launch(executable_path=program, args=ARGUMENTS, env={**os.environ, **variables})
