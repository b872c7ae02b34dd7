"""The agency's logo: made safe, kept by its hash, written into the ledger."""

import tempfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from apps.accounts.actions.settings import change_settings
from apps.accounts.domain.pictures import Picture
from apps.accounts.models import AgencySettings, Member
from apps.core.storage import agency_key, documents


def keep_logo(picture: Picture, *, by: Member, at: datetime) -> AgencySettings:
    """From now on the agency shows itself with this picture. The same bytes are kept once."""
    name = f"{sha256(picture.data).hexdigest()}.{picture.kind}"
    key = agency_key("brand", name)
    if not documents().exists(key):
        with tempfile.NamedTemporaryFile(prefix="logo-") as file:
            file.write(picture.data)
            file.flush()
            documents().save(key, Path(file.name))
    return change_settings(by=by, at=at, logo=name)


def drop_logo(*, by: Member, at: datetime) -> AgencySettings:
    """Show the agency by its initial again. The picture stays in storage: the ledger names it."""
    return change_settings(by=by, at=at, logo="")
