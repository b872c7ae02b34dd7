"""A Chromium for tests and screenshots: the machine's own, else the one that npm brings (@sparticuz/chromium)."""

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
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
]


def path() -> tuple[str, dict[str, str]]:
    """The executable and the variables it needs. Raises FileNotFoundError where there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named, {}
    for name in OWN:
        if found := shutil.which(name):
            return found, {}
    return _unpacked()


def _unpacked() -> tuple[str, dict[str, str]]:
    """npm's Chromium with the libraries it was built against, unpacked once beside the other local state."""
    if not PACKED.is_dir():
        raise FileNotFoundError("no Chromium: run `make setup`, install one, or name it in CHROMIUM")
    home = ROOT / "var" / "browser"
    program = home / "chromium"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        for archive in PACKED.glob("*.tar.br"):
            with tarfile.open(fileobj=BytesIO(brotli.decompress(archive.read_bytes()))) as files:
                files.extractall(home, filter="data")
        whole = home / "chromium.part"
        whole.write_bytes(brotli.decompress((PACKED / "chromium.br").read_bytes()))
        whole.chmod(0o755)
        whole.replace(program)
    libraries = ":".join(str(folder) for folder in (home / "lib", home / "al2023" / "lib", home) if folder.is_dir())
    return str(program), {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": str(home / "fonts")}


def launch(playwright: Any) -> Any:
    """A headless browser of a running Playwright."""
    program, variables = path()
    arguments = [*ARGUMENTS, *(["--single-process", "--no-zygote"] if variables else [])]
    return playwright.chromium.launch(executable_path=program, args=arguments, env={**os.environ, **variables})
