"""Amazon's notifications: hints that something changed. What it is now is read from Amazon again.

They come at least once, in any order, in envelopes of two spellings; nothing in them is taken for a fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from apps.accounts.models import Marketplace, Member, Store
from apps.accounts.queries import stores_for
from apps.core.tenancy import scoped_key
from apps.health.models import Notice, Subscription
from apps.sync.actions.slots import pull
from apps.sync.models import Connection, Stream

STATUS, ISSUES = "ACCOUNT_STATUS_CHANGED", "LISTINGS_ITEM_ISSUES_CHANGE"
NOTIFICATION = "notification"
# Type → (kind of notice, the dataset that tells what is the case).
KINDS = {STATUS: (Notice.Kind.ACCOUNT_STATUS, "health"), ISSUES: (Notice.Kind.LISTING_ISSUE, "listings")}
READ_AGAIN_SECONDS = 300  # however many hints come, the facts are read once in so long
RECENT = timedelta(days=2)


class NotUnderstood(Exception):
    """Says to whoever forwards notifications what is wrong with one."""


@dataclass(frozen=True)
class Told:
    """What became of a notification. `notice` is None for types that nobody here reads."""

    result: str  # "taken", "known" or "ignored"
    notice: Notice | None = None


def take(body: Mapping[str, Any], *, by: Member, at: datetime) -> Told:
    """Keep one notification as a notice and have the facts read again. Raises NotUnderstood."""
    envelope = _opened(body)
    kind = str(envelope.get("notificationtype") or "")
    meta = _lowered(envelope.get("notificationmetadata"))
    number = str(meta.get("notificationid") or "")
    if not kind or not number:
        raise NotUnderstood(_("This is no notification of Amazon: its type or notificationId is missing."))
    if kind not in KINDS:
        return Told("ignored")
    payload = _lowered(envelope.get("payload"))
    payload = payload | _lowered(payload.get("accountstatuschangenotification"))
    values = _values(kind, payload, _moment(envelope.get("eventtime"), at))
    store = _store(meta, payload, values["marketplace"], by)
    notice, new = Notice.objects.get_or_create(store=store, origin=NOTIFICATION, key=number[:120], defaults=values)
    if new:
        _read_again(store, KINDS[kind][1], values["marketplace"], at)
    return Told("taken" if new else "known", notice)


def _opened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The notification itself: an event bus puts it into `detail`."""
    lowered = _lowered(body)
    return _lowered(lowered["detail"]) if isinstance(lowered.get("detail"), dict) else lowered


def _lowered(value: Any) -> dict[str, Any]:
    """Old types spell their keys in Pascal case, new ones in camel case."""
    return {str(key).lower(): part for key, part in value.items()} if isinstance(value, Mapping) else {}


def _moment(text: Any, at: datetime) -> datetime:
    try:
        told = datetime.fromisoformat(str(text))
    except ValueError:
        return at
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _values(kind: str, payload: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The notice that a payload makes."""
    values = {"kind": KINDS[kind][0], "at": at, "marketplace": _site(payload.get("marketplaceid"))}
    if kind == STATUS:
        was, now = (str(payload.get(f"{name}accountstatus") or "").lower()[:30] for name in ("previous", "current"))
        return values | {"subject": f"{was} → {now}".upper(), "detail": {"was": was, "now": now}}
    detail = {name: payload[name] for name in ("severities", "enforcementactions") if payload.get(name)}
    sku = str(payload.get("sku") or "")[:60]
    return values | {"sku": sku, "asin": str(payload.get("asin") or "")[:12], "subject": sku, "detail": detail}


def _site(amazon_id: Any) -> str:
    found = Marketplace.objects.filter(amazon_id=str(amazon_id or "")).values_list("code", flat=True).first()
    return found or ""


def _store(meta: Mapping[str, Any], payload: Mapping[str, Any], site: str, by: Member) -> Store:
    """The store of the subscription, else of the seller and site. Raises NotUnderstood."""
    mine = stores_for(by)
    known = Subscription.objects.filter(number=str(meta.get("subscriptionid") or "-"), store__in=mine).first()
    if known:
        return known.store
    seller = str(payload.get("sellerid") or payload.get("merchantid") or "")
    found = mine.filter(seller_id=seller, sites__marketplace=site).first() if seller and site else None
    if found is None:
        raise NotUnderstood(
            _(
                "No store of yours has this subscription or seller. Subscribe from here, or name the seller in the store."
            )
        )
    return found


def _read_again(store: Store, dataset: str, site: str, at: datetime) -> None:
    """Ask for the facts anew, soon, and once however many hints come."""
    streams = Stream.objects.filter(
        store=store, dataset=dataset, marketplace__in=["", site], active=True,
        connection__state=Connection.State.ACTIVE, every__gt=0,
    )  # fmt: skip
    for stream in streams:
        if cache.add(scoped_key("notified", stream.pk), True, READ_AGAIN_SECONDS):
            pull(stream, since=at - RECENT, until=at, by=None, at=at)
