"""Reading of request parameters that several operations share."""

import base64
import json

from sandbox.clock import parse
from sandbox.http import ApiError, Request
from sandbox.world.marketplaces import BY_ID


def bad(message: str) -> ApiError:
    """A 400 that says why."""
    return ApiError(400, "InvalidInput", message)


def marketplaces(request: Request, ids: list[str]) -> list[str]:
    """Codes of marketplace ids; 400 for an unknown one, 403 for one of another account."""
    codes = []
    for text in ids:
        place = BY_ID.get(text)
        if place is None:
            raise bad(f"{text} is not a marketplace.")
        if request.auth is not None and place.code not in request.auth.marketplaces:
            raise ApiError(403, "Unauthorized", "Access to requested resource is denied.")
        codes.append(place.code)
    return codes


def moment(text: str, name: str) -> int:
    """Epoch seconds of an ISO text; 400 when it is none."""
    try:
        return int(parse(text))
    except ValueError as error:
        raise bad(f"{name} is not a date and time.") from error


def whole(text: str, name: str, least: int, most: int) -> int:
    """An integer between two bounds."""
    if not text.isdigit() or not least <= int(text) <= most:
        raise bad(f"{name} must be between {least} and {most}.")
    return int(text)


def seal(value: dict) -> str:
    """A page token that carries its query."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def unseal(token: str) -> dict:
    """The query of a page token; 400 for any other text."""
    try:
        value = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise bad("The token is invalid.") from error
    if not isinstance(value, dict):
        raise bad("The token is invalid.")
    return value


def money(minor: int, decimals: int) -> str:
    """Minor units as Amazon writes them: ``19.99``, ``2980``."""
    return str(minor) if not decimals else f"{minor // 100}.{minor % 100:02d}"
