"""The REST API to read: what each call does, its parameters and answers, with examples one can copy."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from apps.core.http import page, public
from apps.core.rest import TITLES
from apps.core.schema import Description
from apps.team.queries.examples import COUNTERPARTS, EXAMPLES

METHODS = ("get", "put", "post", "patch", "delete")
MEANINGS = {
    400: _("Bad request"),
    401: _("No key, or one we do not know"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Method not allowed"),
    409: _("Conflict: the same key with another body, or somebody was faster"),
    412: _("Changed meanwhile"),
    413: _("Too large"),
    415: _("Unsupported media type"),
    422: _("Not possible: see errors"),
    428: _("If-Match is needed"),
    429: _("Too many requests"),
    500: _("Our fault"),
}
PLACES = {"query": _("query"), "header": _("header"), "path": _("path")}


@public
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Read how to call the API. Anyone may: it holds no data."""
    schema = Description().get_schema(request=None, public=True)
    labels = {tag["name"]: tag["description"] for tag in schema["tags"]}
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in labels}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if call := methods.get(method):
                groups.setdefault(call["tags"][0], []).append(_call(path, method, call))
    context = {
        "groups": [(name, labels.get(name, name), calls) for name, calls in groups.items()],
        "base": settings.BASE_URL,
        "examples": EXAMPLES,
        "counterparts": COUNTERPARTS,
        "errors": [(status, MEANINGS.get(status, title)) for status, title in sorted(TITLES.items())],
        "language": get_language(),
    }
    return page(request, "team/docs.html", context)


def _call(path: str, method: str, call: dict[str, Any]) -> dict[str, Any]:
    body = call.get("requestBody", {}).get("content", {})
    return {
        "id": call["operationId"],
        "summary": call.get("summary", ""),
        "method": method.upper(),
        "path": path,
        "description": call.get("description", ""),
        "parameters": [each | {"place": PLACES[each["in"]]} for each in call.get("parameters", [])],
        "bodies": list(body),
        "answers": call["responses"],
        "example": _curl(path, method, body),
    }


def _curl(path: str, method: str, body: dict[str, Any]) -> str:
    """A command to try it with."""
    lines = [f"curl {settings.BASE_URL}{path} \\", "  -H 'Authorization: Bearer swk_…'"]
    if method != "get":
        lines[0] = lines[0].replace("curl ", f"curl -X {method.upper()} ")
        lines[-1] += " \\"
        lines.append("  -H 'Idempotency-Key: my-call-1'" + (" \\" if body else ""))
    if "multipart/form-data" in body:
        lines.append("  -F store=north -F file=@costs.csv")
    elif body:
        lines += ["  -H 'Content-Type: application/json' \\", "  -d @body.json"]
    return "\n".join(lines)


_schema = SpectacularAPIView.as_view(
    authentication_classes=[], permission_classes=[AllowAny], throttle_classes=[], generator_class=Description
)
schema = vary_on_headers("Accept-Language", "Cookie")(cache_control(max_age=300)(public(_schema)))
