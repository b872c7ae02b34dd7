"""Amazon's Notifications API v1: where it delivers to, and what a seller's account is subscribed to.

Destinations belong to the application in one region, whoever's stores it serves; a subscription to one seller, type
and version of the payload. To make what there is already is answered 409: then it is looked up and taken over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from apps.sync.http import Conflict, ContractChanged, NotFound
from apps.sync.sources.calling import Caller

BASE = "/notifications/v1"
QUEUE, BUS = "sqs", "eventBridge"
NAME = "Storewright"


@dataclass(frozen=True)
class Type:
    """A type of notification: the version of its payload that we read, and the kind of destination it goes to."""

    key: str
    version: str
    way: str


STATUS = Type("ACCOUNT_STATUS_CHANGED", "2021-01-01", QUEUE)
ISSUES = Type("LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13", BUS)
TYPES = {each.key: each for each in (STATUS, ISSUES)}


@dataclass(frozen=True)
class Subscribed:
    """A subscription as Amazon tells it: its id, and the destination it delivers to."""

    number: str
    destination: str


class Notifications:
    """`seller` calls with the seller's consent, `itself` as the application. Raises SourceErrors only."""

    def __init__(self, seller: Caller, itself: Caller) -> None:
        self.seller, self.itself = seller, itself

    def destination(self, resource: Mapping[str, Mapping[str, str]], known: str = "") -> str:
        """Amazon's id of a destination: `known`, if it still is the one, else that of a new or an older one.

        `resource`: {"sqs": {"arn"}} or {"eventBridge": {"accountId", "region"}}.
        """
        if known and known in self._like(resource):
            return known
        body = {"name": NAME, "resourceSpecification": resource}
        try:
            made = self.itself.call("createDestination", "POST", f"{BASE}/destinations", body)
            return _told(made, "destinationId")
        except Conflict as there:
            found = self._like(resource)
            if not found:
                raise there
            return found[0]

    def _like(self, resource: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Ids of destinations with these addresses; Amazon adds the name of an event source to a bus."""
        payload = self.itself.call("getDestinations", "GET", f"{BASE}/destinations").get("payload") or []
        return [str(each["destinationId"]) for each in payload if _holds(each.get("resource"), resource)]

    def subscription(self, type_: Type) -> Subscribed | None:
        """The seller's subscription of a type, None if there is none."""
        try:
            told = self.seller.call("getSubscription", "GET", _address(type_, f"?payloadVersion={type_.version}"))
        except NotFound:
            return None
        return Subscribed(_told(told, "subscriptionId"), str(told["payload"].get("destinationId") or ""))

    def subscribe(self, type_: Type, destination: str) -> Subscribed:
        """Subscribe, or take over the subscription there is."""
        body = {"payloadVersion": type_.version, "destinationId": destination}
        try:
            made = self.seller.call("createSubscription", "POST", _address(type_), body)
            return Subscribed(_told(made, "subscriptionId"), destination)
        except Conflict as there:
            found = self.subscription(type_)
            if found is None:
                raise there
            return found

    def unsubscribe(self, type_: str, number: str) -> None:
        """Amazon forgets a subscription; one that is gone already is fine."""
        address = f"{BASE}/subscriptions/{quote(type_, safe='')}/{quote(number, safe='')}"
        try:
            self.itself.call("deleteSubscriptionById", "DELETE", address)
        except NotFound:
            return

    def try_out(self, type_: Type, destination: str) -> None:
        """Have Amazon send a made-up notification of a type."""
        body = {"destinationId": destination, "testNotification": {"payloadVersion": type_.version}}
        self.itself.call("sendTestNotification", "POST", _address(type_, "/testNotification"), body)


def _address(type_: Type, rest: str = "") -> str:
    return f"{BASE}/subscriptions/{type_.key}{rest}"


def _told(answer: Mapping[str, Any], name: str) -> str:
    payload = answer.get("payload")
    if not isinstance(payload, Mapping) or not payload.get(name):
        raise ContractChanged(f"notifications: the answer holds no {name}")
    return str(payload[name])


def _holds(told: Any, asked: Mapping[str, Mapping[str, str]]) -> bool:
    """Is this the resource asked for, whatever else is told of it?"""
    ((kind, wanted),) = asked.items()
    there = told.get(kind) if isinstance(told, Mapping) else None
    return isinstance(there, Mapping) and all(there.get(name) == value for name, value in wanted.items())
