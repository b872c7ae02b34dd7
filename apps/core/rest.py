"""What every resource of the API shares: cursor pages, sparse fields, entity tags, problem details.

class Orders(Resource):
    permissions = {"list": Permission.ORDERS_VIEW}
    row = OrderSerializer
    order = ("changed_at", "order_id", "sku", "ordinal")
    changed, stamped = "changed_at", True

    def rows(self):
        return OrderLine.objects.filter(site_filter(self.member))
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.defaults import bad_request, page_not_found, server_error
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler
from rest_framework.viewsets import GenericViewSet

from apps.core import idempotency
from apps.core.changes import settled
from apps.core.permissions import Permission

PAGE, MOST = 100, 500
PROBLEM = "application/problem+json"


class Conflict(exceptions.APIException):
    """Somebody else is changing the same thing right now."""

    status_code = 409
    default_code = "conflict"


class Unprocessable(exceptions.APIException):
    """Understood, but not doable. `errors`: [{"index", "field", "detail"}]; nothing was changed."""

    status_code = 422
    default_code = "unprocessable"

    def __init__(self, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.errors = list(errors)


def refusal(field: str, said: Any) -> Unprocessable:
    """What to raise where a body is well-formed, but its `field` cannot be so; `said` is for people."""
    return Unprocessable(str(said), [{"field": field, "detail": str(said)}])


class PreconditionFailed(exceptions.APIException):
    """The object is not what the caller thinks it is (If-Match)."""

    status_code = 412
    default_code = "precondition_failed"


class PreconditionRequired(exceptions.APIException):
    """If-Match is missing."""

    status_code = 428
    default_code = "precondition_required"


class TooLarge(exceptions.APIException):
    """More bytes than we read into memory."""

    status_code = 413
    default_code = "too_large"


class Resource(GenericViewSet):
    """A collection of the API. Subclasses say `permissions`, `row` (an out-only serializer), `order` and `rows()`.

    `order` are model fields, together unique: cursors stay right while rows are inserted. `changed` names the
    field that `?updated_since=` compares. `stamped`: `core.changes` keeps that field, and rows are told once no earlier
    one can come any more: who asks on from the newest it has seen, by cursor or by time, misses nothing. `keyed`: what
    changes something wants an Idempotency-Key; without, a call must be the same twice by itself. `matched`: a PATCH must
    name the state it changes by If-Match; else it may.
    """

    permissions: ClassVar[dict[str, Permission]] = {}
    row: ClassVar[type[serializers.BaseSerializer]]
    order: ClassVar[tuple[str, ...]] = ("pk",)
    changed: ClassVar[str] = ""
    stamped: ClassVar[bool] = False
    keyed: ClassVar[bool] = True
    matched: ClassVar[bool] = False

    @property
    def member(self) -> Any:
        return self.request.auth

    def rows(self) -> QuerySet:
        """What this key may see; the request's own filters are applied here as well."""
        raise NotImplementedError

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return self.row

    def get_queryset(self) -> QuerySet:
        return self.rows()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.keyed and request.method not in {"GET", "HEAD", "OPTIONS"}:
            self._call = idempotency.begin(request, self.member)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        call = getattr(self, "_call", None)
        if call is not None and response.status_code < 400:
            idempotency.finish(call, response.status_code, response.data)
        if rate := getattr(request._request, "rate", None):
            names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
            for name, value in zip(names, rate, strict=True):
                response[name] = str(value)
        return super().finalize_response(request, response, *args, **kwargs)

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, idempotency.Replay):
            return Response(error.body, status=error.status, headers={"Idempotency-Replayed": "true"})
        return super().handle_exception(error)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page: {"items": [...], "next_cursor": text or null}."""
        rows = self._since(self.rows())
        limit = self._number("limit", PAGE, MOST)
        if (cursor := request.query_params.get("cursor")) is not None:
            rows = rows.filter(after(self.order, _decoded(cursor, self.order, rows.model)))
        found = list(rows.order_by(*self.order)[: limit + 1])
        body = {"items": self.shown(found[:limit], many=True), "next_cursor": None}
        if len(found) > limit:
            body["next_cursor"] = encoded(found[limit - 1], self.order)
        return self.tagged(body)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = self.get_object()
        return self.tagged(self.shown(found), tag=self.etag(found))

    def shown(self, rows: Any, *, many: bool = False) -> Any:
        """Serialised rows, reduced to `?fields=a,b`. Raises ValidationError for an unknown field."""
        serializer = self.row(rows, many=many, context=self.get_serializer_context())
        asked = self.request.query_params.get("fields")
        wanted = set() if asked is None else set(asked.split(","))
        fields = getattr(serializer, "child", serializer).fields
        if unknown := wanted - set(fields):
            raise exceptions.ValidationError({"fields": [_("There is no field %s.") % ", ".join(sorted(unknown))]})
        for name in set(fields) - wanted if wanted else ():
            fields.pop(name)
        return serializer.data

    def etag(self, found: Any) -> str:
        """The entity tag of one object: of all its fields, whatever `fields` asks for."""
        return digest(self.row(found, context=self.get_serializer_context()).data)

    def tagged(self, body: Any, *, tag: str = "") -> Response:
        """200 with an ETag, or 304 when the caller has it already."""
        tag = tag or digest(body)
        known = self.request.headers.get("If-None-Match", "")
        same = tag in {each.strip().removeprefix("W/") for each in known.split(",")}
        return Response(None if same else body, status=304 if same else 200, headers={"ETag": tag})

    def must_match(self, found: Any) -> None:
        """Refuse a change based on an old copy: 412 if If-Match names another state, 428 without it where `matched`."""
        known = self.request.headers.get("If-Match", "")
        if not known and not self.matched:
            return
        if not known:
            raise PreconditionRequired(
                _("Send If-Match with the ETag you got, so that nobody's change is overwritten.")
            )
        if known.strip() not in {"*", self.etag(found)}:
            raise PreconditionFailed(_("It was changed meanwhile. Get it again and decide anew."))

    def _since(self, rows: QuerySet) -> QuerySet:
        if self.stamped:
            rows = rows.filter(**{f"{self.changed}__lt": settled(rows.model._meta.db_table)})
        text = self.request.query_params.get("updated_since")
        if text is None or not self.changed:
            return rows
        return rows.filter(**{f"{self.changed}__gte": moment(text, "updated_since")})

    def only_stores(self, rows: QuerySet, field: str = "store") -> QuerySet:
        """`?store=a,b`: rows of these stores. A store the key may not see is none: no rows, no hint."""
        wanted = [slug for slug in self.request.query_params.get("store", "").split(",") if slug]
        return rows.filter(**{f"{field}__slug__in": wanted}) if wanted else rows

    def only_sites(self, rows: QuerySet) -> QuerySet:
        """`?marketplace=US,DE`."""
        wanted = [code for code in self.request.query_params.get("marketplace", "").upper().split(",") if code]
        return rows.filter(marketplace__in=wanted) if wanted else rows

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """A query parameter that must be one of `choices`; "" if it is absent."""
        text = self.request.query_params.get(name)
        if text is not None and text not in choices:
            raise exceptions.ValidationError({name: [_("One of: %s.") % ", ".join(choices)]})
        return text or ""

    def day(self, name: str) -> date | None:
        """An ISO day of a query parameter, or None."""
        text = self.request.query_params.get(name)
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise exceptions.ValidationError({name: [_("A day such as 2026-11-24.")]}) from None

    def _number(self, name: str, default: int, most: int) -> int:
        text = self.request.query_params.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= most:
            raise exceptions.ValidationError({name: [_("A whole number from 1 to %d.") % most]})
        return int(text)


def moment(text: str, name: str) -> datetime:
    """An RFC 3339 instant of a query parameter; a "+" that arrived as a space is forgiven."""
    try:
        found = parse_datetime(text.replace(" ", "+")) if "\x00" not in text else None
        if found is not None and is_aware(found):
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise exceptions.ValidationError({name: [_("A time with its zone, such as 2026-11-24T10:00:00Z.")]})


def after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows behind `values` in `order` (all ascending), as one lexicographic comparison."""
    behind = Q(**{f"{order[-1]}__gt": values[-1]})
    for name, value in zip(order[-2::-1], values[-2::-1], strict=True):
        behind = Q(**{f"{name}__gt": value}) | (Q(**{name: value}) & behind)
    return Q(**{f"{order[0]}__gte": values[0]}) & behind


def encoded(row: Any, order: Sequence[str]) -> str:
    values = [getattr(row, name) for name in order]
    plain = [v.isoformat() if hasattr(v, "isoformat") else v if isinstance(v, int) else str(v) for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decoded(cursor: str, order: Sequence[str], model: type[Model]) -> list[Any]:
    """The values of a cursor, each as its field holds it. A cursor we never made is NotFound."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(values, list) and len(values) == len(order):
            return [_of_field(model, name, value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        pass
    raise exceptions.NotFound(_("This cursor leads nowhere. Use the next_cursor of the page before, unchanged."))


def _of_field(model: type[Model], name: str, value: Any) -> Any:
    if not isinstance(value, int | str) or "\x00" in str(value):
        raise TypeError(name)
    found = model._meta.get_field(name).to_python(value)
    if found is None or (isinstance(found, datetime) and not is_aware(found)):
        raise TypeError(name)
    return found


def digest(body: Any) -> str:
    """A strong entity tag of a JSON value."""
    text = json.dumps(body, sort_keys=True, default=str, ensure_ascii=False)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not possible",
    428: "If-Match is needed",
    429: "Too many requests",
    500: "Our fault",
}


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """RFC 9457 problem details for everything that is refused; anything unexpected stays an exception."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge(_("The body is too large. Send fewer rows in one call."))
    response = exception_handler(error, context)
    if response is None:
        return None
    body = {
        "type": f"/api/docs/#error-{response.status_code}",
        "title": TITLES.get(response.status_code, "Error"),
        "status": response.status_code,
        "detail": _first_words(response.data),
    }
    if errors := getattr(error, "errors", None) or _field_errors(response.data):
        body["errors"] = errors
    response.data = body
    response.content_type = PROBLEM
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for addresses no view has: problem details below /api/, the usual page elsewhere."""
    return _plain_problem(request, 404, gettext("Not found.")) or page_not_found(request, exception)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what no view has seen."""
    return _plain_problem(request, 400, gettext("Bad request.")) or bad_request(request, exception)


def crashed(request: HttpRequest) -> HttpResponse:
    """500: our fault. Nothing here may ask the database."""
    return _plain_problem(request, 500, gettext("Something went wrong on our side.")) or server_error(request)


def _plain_problem(request: HttpRequest, status: int, detail: str) -> HttpResponse | None:
    if not request.path_info.startswith("/api/"):
        return None
    body = {"type": f"/api/docs/#error-{status}", "title": TITLES[status], "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type=PROBLEM)


def _field_errors(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, dict) or set(data) == {"detail"}:
        return []
    return list(_told("", data))


def _told(place: str, data: Any) -> Iterator[dict[str, Any]]:
    """Each word of nested errors with its place: `steps.2.minutes`."""
    if isinstance(data, list) and not any(isinstance(each, dict) for each in data):
        yield from ({"field": place, "detail": str(word)} for word in data)
    elif isinstance(data, list | dict):
        for name, part in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _told(f"{place}.{name}" if place else str(name), part)
    else:
        yield {"field": place, "detail": str(data)}


def _first_words(data: Any) -> str:
    while isinstance(data, dict | list) and data:
        data = data.get("detail", next(iter(data.values()))) if isinstance(data, dict) else data[0]
    return str(data)
