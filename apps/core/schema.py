"""What drf-spectacular cannot see by itself: our paging, headers and errors."""

from threading import Lock
from typing import Any, ClassVar

from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

HEADER, QUERY = OpenApiParameter.HEADER, OpenApiParameter.QUERY
LIMIT = {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
DIGIT = r"^-?(?=\.?\d)"  # a number begins like this; the library's own pattern takes a lone sign and nothing at all
KEY = {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]+$"}

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    },
}
READING = {"401": _("No or unknown key"), "403": _("The key lacks the scope"), "429": _("Too many calls this minute")}
ASKING = {"400": _("A parameter is wrong")}
PAGING = {"404": _("The cursor leads nowhere")}
FINDING = {"404": _("Not there, or not yours")}
WRITING = {
    "400": _("The body or Idempotency-Key is wrong"),
    "409": _("The first call with this key still runs"),
    "413": _("The body is too large"),
    "415": _("This media type is not understood"),
    "422": _("Understood, but not possible; nothing was changed"),
}
MATCHING = {"412": _("Changed meanwhile"), "428": _("If-Match is missing")}


FOLLOWING = _("Ask on from the newest you have seen, or from its cursor: nothing is missed.")
PLACES = {  # parts of addresses
    "store": _("The store, as in `list_stores`."),
    "site": _("The site, e.g. `DE`."),
    "sku": _("The SKU; a slash may stay as it is."),
    "id": _("Its id."),
    "number": _("Its number."),
    "kind": _("Its kind, e.g. `claim`."),
}


class Description(SchemaGenerator):
    """The description of the API, made by one thread at a time: the library keeps what it is at in the resources.

    It takes most of a second and is the same for everybody, so each process makes it once per language.
    """

    _one = Lock()
    _made: ClassVar[dict[str | None, Any]] = {}

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        """The whole document in the reader's language; not to be changed by who asks for it."""
        with self._one:
            if (language := get_language()) not in self._made:
                self._made[language] = super().get_schema(*args, **kwargs)
            return self._made[language]


class ResourceSchema(AutoSchema):
    """Adds what every `core.rest.Resource` does to the description of each operation."""

    def get_description(self) -> str:
        """What an operation itself says; docstrings of our classes are for who reads the code."""
        return ""

    def get_override_parameters(self) -> list[OpenApiParameter]:
        found = list(getattr(self.view, "parameters", {}).get(self.view.action, ()))
        if self.method == "GET":
            found.append(self._fields())
            found.append(OpenApiParameter("If-None-Match", str, HEADER, description=_("An ETag: 304 if unchanged.")))
        elif self.view.keyed:
            found.append(
                OpenApiParameter(
                    "Idempotency-Key", KEY, HEADER, required=True, description=_("Unique per call, kept 7 days.")
                )
            )
        if self.method == "PATCH":
            words = {"required": self.view.matched, "description": _("The ETag you got.")}
            found.append(OpenApiParameter("If-Match", str, HEADER, **words))
        if self._lists():
            found += self._paging()
        return found

    def _fields(self) -> OpenApiParameter:
        names = "|".join(self.view.row().fields)
        pattern = {"type": "string", "pattern": f"^({names})(,({names}))*$"}
        return OpenApiParameter("fields", pattern, QUERY, description=_("Only these fields, separated by commas."))

    def _lists(self) -> bool:
        return getattr(self.view, "action", "") == "list"

    def _paging(self) -> list[OpenApiParameter]:
        found = [
            OpenApiParameter("limit", LIMIT, QUERY, description=_("How many on a page.")),
            OpenApiParameter("cursor", str, QUERY, description=_("`next_cursor` of the page before.")),
        ]
        if self.view.changed:
            told = format_lazy(_("Only rows whose `{column}` is at or after."), column=self.view.changed)
            if self.view.stamped:
                told = format_lazy("{} {}", told, FOLLOWING)
            found.append(OpenApiParameter("updated_since", OpenApiTypes.DATETIME, QUERY, description=told))
        return found

    def get_filter_backends(self) -> list[Any]:
        return []

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        bodies = super()._get_response_bodies(*args, **kwargs)
        if self._lists():
            bodies["200"]["content"]["application/json"]["schema"] = _page_of(bodies["200"])
        for status, words in self._refusals().items():
            content = {"application/problem+json": {"schema": PROBLEM}}
            bodies[status] = {"description": words, "content": content}
        if self.method == "GET":
            bodies["304"] = {"description": _("You have it already")}
        return bodies

    def _refusals(self) -> dict[str, str]:
        found = dict(READING)
        if self.method == "GET":
            found |= ASKING | (PAGING if self._lists() else {})
        else:
            found |= WRITING
        if self.method == "PATCH":
            found |= MATCHING
        if "{" in self.path:
            found |= FINDING
        return found


def _page_of(body: dict[str, Any]) -> dict[str, Any]:
    schema = body["content"]["application/json"]["schema"]
    items = schema if schema.get("type") == "array" else {"type": "array", "items": schema}
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {"items": items, "next_cursor": {"type": "string", "nullable": True}},
    }


def texts_told(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Text that is sent holds no NUL, more than spaces where it may not be empty, and digits where it is a number."""
    for name, schema in result.get("components", {}).get("schemas", {}).items():
        if name.endswith("Request"):
            for each in schema.get("properties", {}).values():
                _tell_text(each)
    return result


def _tell_text(schema: dict[str, Any]) -> None:
    if "items" in schema:
        _tell_text(schema["items"])
    elif schema.get("format") == "decimal" and "pattern" in schema:
        schema["pattern"] = schema["pattern"].replace("^-?", DIGIT)
    elif schema.get("type") == "string" and not schema.keys() & {"enum", "format", "pattern"}:
        schema["pattern"] = r"^[^\x00]*\S[^\x00]*$" if schema.get("minLength") else r"^[^\x00]*$"


def nothing_required(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Answers may be reduced by `fields`, so that no field of theirs is sure to be there."""
    for name, schema in result.get("components", {}).get("schemas", {}).items():
        if name.endswith("BodyRequest"):  # the lists that core.bulk reads
            schema["additionalProperties"] = False
        elif not name.endswith("Request"):
            schema.pop("required", None)
    return result


def places_told(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Says what the parts of an address are."""
    for calls in result.get("paths", {}).values():
        for call in calls.values():
            for each in call.get("parameters", []):
                if each["in"] == "path":
                    each["description"] = PLACES[each["name"]]
    return result
