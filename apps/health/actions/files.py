"""Files of papers: looked at by their own bytes, kept as they are, read for suggestions."""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.core.storage import agency_key, documents
from apps.health.domain.reading import ending_of, media_of, pdf_text, suggestions
from apps.health.models import Paper, PaperFile
from apps.health.queries.papers import kinds

MOST_BYTES = 20 * 2**20
MOST_FILES = 20  # of one paper
TAIL = 2048


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Path]:
    """An upload as a file of this machine. Raises Refused if it is too large."""
    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        path, size = Path(folder) / "paper", 0
        with path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Refused(_("This file is larger than %(most)d MiB.") % {"most": MOST_BYTES // 2**20})
                file.write(chunk)
        yield path


def checked(path: Path) -> str:
    """The media type of a file we take. Raises Refused for anything else, and for a file that is cut off."""
    with path.open("rb") as file:
        media = media_of(file.read(16))
        file.seek(max(0, path.stat().st_size - TAIL))
        tail = file.read()
    if not media:
        raise Refused(_("This is neither a PDF nor a PNG or JPEG picture. Save it as a PDF and upload that."))
    if (media == "application/pdf" and b"%%EOF" not in tail) or (media == "image/png" and b"IEND" not in tail):
        raise Refused(_("This file is not whole. Save it again and upload that."))
    return media


def keep(paper: Paper, part: str, path: Path, *, name: str, by: Any, at: datetime) -> PaperFile:
    """Keep a file as a part of a paper. Raises Refused for files we do not take."""
    media = checked(path)
    if PaperFile.objects.filter(paper=paper).count() >= MOST_FILES:
        raise Refused(_("A paper has at most %(most)d files.") % {"most": MOST_FILES})
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    key = agency_key("papers", digest[:2], digest)
    if not documents().exists(key):
        documents().save(key, path)
    return PaperFile.objects.create(
        store_id=paper.store_id,
        paper=paper,
        part=part,
        name=file_name(name, media),
        key=key,
        digest=digest,
        size=len(content),
        media=media,
        found=found_in(content, media),
        uploaded_by=by,
        uploaded_at=at,
    )


def found_in(content: bytes, media: str) -> dict[str, list[str]]:
    """Numbers and days a PDF's text suggests; nothing of pictures."""
    if media != "application/pdf":
        return {}
    patterns = {code: kind.number_pattern for code, kind in kinds().items() if kind.number_pattern}
    return {name: values for name, values in suggestions(pdf_text(content), patterns).items() if values}


def file_name(name: str, media: str) -> str:
    """A name that is safe in an archive and in a header, with the ending of what the file is."""
    stem = re.sub(r"[^\w .()+-]+", "_", Path(name.replace("\\", "/")).name, flags=re.UNICODE).strip(" ._")
    ending = ending_of(media)
    stem = re.sub(r"\.(pdf|png|jpe?g)$", "", stem, flags=re.IGNORECASE)[:150].strip(" .") or "paper"
    return f"{stem}.{ending}"
