"""One store's account health: rates with their room, what rolls off when, and what is foretold."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Store
from apps.accounts.queries import marketplaces_for, stores_for
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.domain.headroom import Band
from apps.health.forms.figures import FigureForm
from apps.health.models import names
from apps.health.queries import records, wording
from apps.health.queries import site as queries
from apps.health.queries.board import STALE_AFTER
from apps.health.queries.csat import satisfaction
from apps.health.queries.delivery import drags
from apps.health.queries.figures import entered

TEMPLATE = "health/store.html"


@require_safe
@requires(Permission.HEALTH_VIEW)
def store(request: MemberRequest, store: str) -> HttpResponse:
    """How far are we from a limit, and what rolls off when?"""
    return page(request, TEMPLATE, context(request, store))


def figure_form(request: MemberRequest, store: Store, data: QueryDict | None = None) -> FigureForm:
    """The form for a figure of one of the store's sites that the member may see; a day may be tomorrow's in the east."""
    seen = marketplaces_for(request.member, store)
    sites = [each.marketplace_id for each in store.sites.all() if each.active]
    today = timezone.localdate()
    return FigureForm(
        data, sites=sorted(code for code in sites if seen is None or code in seen), latest=today + timedelta(days=1),
        initial={"day": today},
    )  # fmt: skip


def context(request: MemberRequest, slug: str, form: FigureForm | None = None) -> dict[str, Any]:
    """Everything the page shows; `site`, `metric` and `band` narrow the table, `rate` chooses what is drawn."""
    stores = stores_for(request.member).select_related("client", "owner__user").prefetch_related("sites")
    found = get_object_or_404(stores, slug=slug)
    health = queries.health(request.member, found)
    shown = [each for each in health.rates if _wanted(each, request)]
    drawn = next((each for each in health.rates if each.key == request.GET.get("rate")), None) or health.nearest
    today = timezone.localdate()
    return {
        "tab": "store",
        "store": found,
        "health": health,
        "rates": shown,
        "course": queries.course(found, drawn) if drawn else None,
        "drawn": drawn,
        "stale": bool(health.date and (today - health.date).days > STALE_AFTER),
        "record": records.record(store=found.pk),
        "satisfaction": satisfaction(request.member, found, today=today),
        "drags": drags(request.member, found, today=today),
        "entered": entered(request.member, found),
        "may_edit": request.member.can(Permission.HEALTH_EDIT),
        "form": form or figure_form(request, found),
        "site_choices": [(code, code) for code in sorted({each.reading.row.marketplace_id for each in health.rates})],
        "metrics": _metrics(health),
        "bands": [(band.value, str(word)) for band, word in wording.BANDS.items()],
        "chosen": {name: request.GET.get(name, "") for name in ("site", "metric", "band")},
    }


def _metrics(health: queries.Health) -> list[tuple[str, str]]:
    keys = dict.fromkeys(each.reading.row.metric for each in health.rates)
    return [(key, str(names.METRICS.get(key, key))) for key in keys]


def _wanted(each: queries.Rate, request: MemberRequest) -> bool:
    row, asked = each.reading.row, request.GET
    return (
        asked.get("site") in {None, "", row.marketplace_id}
        and asked.get("metric") in {None, "", row.metric}
        and (asked.get("band") not in set(Band) or asked["band"] == each.reading.band)
    )
