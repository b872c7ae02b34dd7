"""Where the limits come from, how the numbers are made, and how good the forecasts were."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.health.domain.forecast import HORIZON
from apps.health.domain.headroom import AMBER_SHARE, NEAR_DEFECTS
from apps.health.models import Standard, names
from apps.health.queries import records, wording


@require_safe
@requires(Permission.HEALTH_VIEW)
def method(request: MemberRequest) -> HttpResponse:
    """By which limits are we judged, and how are these numbers made?"""
    today = timezone.localdate()
    standards = [
        {"standard": each, "name": names.metric_name(each.metric, each.programme), "limit": _limit(each)}
        for each in Standard.objects.filter(valid_from__lte=today)
    ]
    values = {
        "tab": "method",
        "standards": standards,
        "record": records.record(),
        "amber": AMBER_SHARE,
        "near": NEAR_DEFECTS,
        "horizon": HORIZON,
        "fewest": records.FEWEST,
    }
    return page(request, "health/method.html", values)


def _limit(each: Standard) -> str:
    return wording.limit_text(each.operator, each.target, share=not each.metric.startswith("policy_"))
