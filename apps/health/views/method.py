"""Where the limits come from, how the numbers are made, and how good the forecasts were."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.domain.forecast import HORIZON
from apps.health.domain.headroom import AMBER_SHARE, NEAR_DEFECTS, WHOLE
from apps.health.domain.performance import FEW
from apps.health.forms.figures import CsatForm
from apps.health.models import CsatTerms, Standard, names
from apps.health.models.known_words import in_words
from apps.health.queries import records, wording
from apps.health.queries.csat import WEIGHT, weights

TEMPLATE = "health/method.html"


@require_safe
@requires(Permission.HEALTH_VIEW)
def method(request: MemberRequest) -> HttpResponse:
    """By which limits are we judged, and how are these numbers made?"""
    return page(request, TEMPLATE, context(request))


def context(request: MemberRequest, form: CsatForm | None = None) -> dict[str, Any]:
    """Everything the page shows; `form` with its errors where the terms of CSat were refused."""
    today = timezone.localdate()
    weight = weights(today)
    terms = {**weight, "in_portal": CsatTerms.objects.filter(in_portal=True).exists()}
    standards = [
        {
            "standard": each,
            "name": names.metric_name(each.metric, each.programme),
            "limit": _limit(each),
            "source": in_words(each.source),
        }
        for each in Standard.objects.filter(valid_from__lte=today)
    ]
    return {
        "tab": "method",
        "standards": standards,
        "record": records.record(),
        "amber": AMBER_SHARE,
        "near": NEAR_DEFECTS,
        "horizon": HORIZON,
        "fewest": records.FEWEST,
        "few": FEW,
        "weights": weight,
        "in_portal": terms["in_portal"],
        "form": form or CsatForm(initial=terms),
        "may_edit": request.member.can(Permission.SETTINGS_EDIT),
    }


def _limit(each: Standard) -> str:
    if each.metric.startswith(WEIGHT):
        return f"{each.target / WHOLE:g}"
    return wording.limit_text(each.operator, each.target, share=not each.metric.startswith(names.COUNTED))
