"""A page as a PDF, where the installation can: WeasyPrint is an extra, and needs libraries of the system."""

from pathlib import Path
from typing import Any


def write_pdf(html: str, path: Path) -> bool:
    """Write the page as a PDF; False where WeasyPrint or one of its libraries is not there. Nothing is fetched."""
    try:
        from weasyprint import HTML  # noqa: PLC0415 - an optional extra
    except (ImportError, OSError):  # OSError: Pango could not be loaded
        return False
    HTML(string=html, base_url=None, url_fetcher=_nothing).write_pdf(path)
    return True


def _nothing(url: str, *_args: Any, **_more: Any) -> Any:
    """The page holds all it needs; an address in it is somebody's text."""
    raise ValueError(f"not fetched: {url[:80]}")
