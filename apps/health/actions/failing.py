"""What the inbox says of alert channels that have not worked for days."""

from datetime import datetime

from apps.health.findings import CHANNEL
from apps.health.models import AlertChannel, AlertDelivery
from apps.sync.actions.failing import failing, of_agency


def review_channels(*, at: datetime) -> None:
    """Open, refresh and close what is said of channels by which nothing arrives."""
    told = []
    for row in AlertChannel.objects.filter(active=True, failures__gt=0).order_by("created_at", "pk"):
        found = failing(AlertDelivery.objects.filter(channel=row), row.last_ok_at, at)
        about = {"channel_id": str(row.pk), "channel": row.name, "default": row.default}
        told.append((str(row.name), about | found if found else None))
    of_agency(CHANNEL.key, told, at=at)
