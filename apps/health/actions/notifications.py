"""Amazon's notifications: hints that something changed. What it is now is read from Amazon again.

They come at least once, in any order, in envelopes of two spellings; nothing in them is taken for a fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import Marketplace, Member, Store
from apps.accounts.queries import stores_for
from apps.core.tenancy import scoped_key
from apps.health.models import Notice
from apps.sync.actions.letters import NotUnderstood
from apps.sync.actions.slots import pull
from apps.sync.models import Connection, Destination, Stream, Subscription

STATUS, ISSUES = "ACCOUNT_STATUS_CHANGED", "LISTINGS_ITEM_ISSUES_CHANGE"
NOTIFICATION = "notification"
# Type → (kind of notice, the dataset that tells what is the case).
KINDS = {STATUS: (Notice.Kind.ACCOUNT_STATUS, "health"), ISSUES: (Notice.Kind.LISTING_ISSUE, "listings")}
READ_AGAIN_SECONDS = 300  # however many hints come, the facts are read once in so long
RECENT = timedelta(days=2)
TEST_COMES_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True)
class Told:
    """What became of a notification. `notice` is None for types that nobody here reads."""

    result: str  # "taken", "known", "ignored" or "test"
    notice: Notice | None = None


def take(body: Mapping[str, Any], *, by: Member | None, at: datetime) -> Told:
    """Keep one notification as a notice and have the facts read again. Raises NotUnderstood.

    `by`: whoever forwards it, for their stores only; None: the agency's own queue, for all of them. What is told of a
    store whose connection is closed is kept, too; only nothing is read again for it.
    """
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
    mine = stores_for(by) if by else Store.objects.all()
    known = Subscription.objects.filter(number=str(meta.get("subscriptionid") or "-"), type=kind, store__in=mine)
    subscription = known.select_related("store").order_by("-created_at").first()
    store = subscription.store if subscription else _seller(payload, values["marketplace"], mine)
    if store is None:
        if _is_test(kind, mine, at):
            return Told("test")
        raise NotUnderstood(
            _("No store of yours has this subscription or seller. Subscribe from its connections, or name its seller.")
        )
    _heard(store, kind, at)
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


def _seller(payload: Mapping[str, Any], site: str, mine: QuerySet[Store]) -> Store | None:
    """The store of the seller on that site, where the notification names them."""
    seller = str(payload.get("sellerid") or payload.get("merchantid") or "")
    return mine.filter(seller_id=seller, sites__marketplace=site).first() if seller and site else None


def _heard(store: Store, kind: str, at: datetime) -> None:
    """When a living subscription last told something; for a clock that is behind it stays as it is."""
    living = Subscription.objects.filter(store=store, type=kind, state=Subscription.State.ACTIVE)
    living.filter(Q(heard_at=None) | Q(heard_at__lt=at)).update(heard_at=at)


def _is_test(kind: str, mine: QuerySet[Store], at: datetime) -> bool:
    """Amazon's tests name a subscription and a seller that nobody has: what comes soon after we asked for one is it."""
    asked = Destination.objects.filter(store__in=mine, tried_at__gt=at - TEST_COMES_WITHIN)
    tried = Subscription.objects.filter(store__in=asked.values("store"), type=kind, state=Subscription.State.ACTIVE)
    return bool(tried.update(tried_at=at))


def _read_again(store: Store, dataset: str, site: str, at: datetime) -> None:
    """Ask for the facts anew, soon, and once however many hints come."""
    streams = Stream.objects.filter(
        store=store, dataset=dataset, marketplace__in=["", site], active=True,
        connection__state=Connection.State.ACTIVE, every__gt=0,
    )  # fmt: skip
    for stream in streams:
        if cache.add(scoped_key("notified", stream.pk), True, READ_AGAIN_SECONDS):
            pull(stream, since=at - RECENT, until=at, by=None, at=at)
