"""Many rows in one call: JSON `{"items": [...]}` or NDJSON, one object a line. All are taken, or none."""

from typing import Any, ClassVar, TypeVar

import msgspec
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from apps.core.rest import Unprocessable

NDJSON = "application/x-ndjson"
MOST_ROWS = 50_000
MOST_ERRORS = 100

T = TypeVar("T", bound=msgspec.Struct)


class _Items(msgspec.Struct, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


class RawJson(BaseParser):
    """Leaves the bytes to `rows_of`, which can say which row is wrong."""

    media_type: ClassVar[str] = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> bytes:
        return stream.read()


class RawNdjson(RawJson):
    media_type: ClassVar[str] = NDJSON


def rows_of(request: Request, row: type[T]) -> list[T]:
    """The rows of the body. Raises ParseError (400) for what is not JSON, Unprocessable (422) listing wrong rows."""
    body = request.data if isinstance(request.data, bytes) else b""  # an empty body is not parsed at all
    raws = _lines(body) if request.content_type.startswith(NDJSON) else _items(body)
    if not raws:
        raise Unprocessable(_("There is no row in the body."))
    if len(raws) > MOST_ROWS:
        raise Unprocessable(_("At most %d rows in one call. Send several.") % MOST_ROWS)
    decoder = msgspec.json.Decoder(row)
    found, errors = [], []
    for index, raw in enumerate(raws):
        try:
            found.append(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            errors.append({"index": index, "field": _field(str(error)), "detail": str(error)})
    refuse(errors)
    return found


def refuse(errors: list[dict[str, Any]]) -> None:
    """Raise Unprocessable if there is any error; nothing was changed then."""
    if errors:
        text = _("%d rows cannot be taken, so none was. Correct them and send all again.") % len(errors)
        raise Unprocessable(text, errors[:MOST_ERRORS])


def _items(body: bytes) -> list[Any]:
    try:
        return msgspec.json.decode(body, type=_Items).items
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParseError(_("The body must be {“items”: [...]}: %s") % error) from None


def _lines(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if line.strip()]


def _field(words: str) -> str:
    """msgspec ends its message with "- at `$.sku`"."""
    return words.rpartition("$.")[2].rstrip("`") if "$." in words else ""
