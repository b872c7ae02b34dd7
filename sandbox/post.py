"""The post office: what Amazon tells by itself, brought to addresses over HTTP.

Amazon puts notifications into a queue (SQS) or onto an event bus (EventBridge). A receiver on the web gets them from
there by an API destination of EventBridge, which POSTs the notification as JSON with a header whose name and secret
the receiver chose; an EventBridge pipe does the same for a queue. The sandbox is all of that at once: subscriptions
are made by Amazon's API, addresses by ``--notify`` or ``POST /_sandbox/notify``.

Delivery is at least once: about one in five comes twice, neighbours may overtake each other, and what is not answered
with 2xx comes again, later and later, for an hour.
"""

import datetime as dt
import json
import random
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sandbox.world.hashing import digest, uniform
from sandbox.world.marketplaces import MARKETPLACES
from sandbox.world.orders import DAY, NEVER
from sandbox.world.outcomes import SITES
from sandbox.world.partners import BY_ID, Authorisation
from sandbox.world.policy import ISSUES, KINDS

if TYPE_CHECKING:
    from sandbox.service import Sandbox

STATUS_CHANGED, ISSUES_CHANGED = "ACCOUNT_STATUS_CHANGED", "LISTINGS_ITEM_ISSUES_CHANGE"
# Payload versions, newest first, and the kind of destination that Amazon delivers the type to.
TYPES = {
    STATUS_CHANGED: (("2021-01-01", "1.0"), "sqs"),
    ISSUES_CHANGED: (("2023-12-13", "1.0"), "eventBridge"),
}
TWICE, SCATTER_SECONDS, RETRY_SECONDS, GIVE_UP_SECONDS, WAIT_SECONDS = 0.2, 0.6, 1.0, 3600.0, 5.0
NAMED = [number for number, kind in enumerate(KINDS) if kind in ISSUES]
QUEUE_HOLDS, LOOK_SECONDS = 2000, 1.0
STATUS_HOUR = 6  # a new status is told within the first hours of its UTC day


@dataclass
class Subscription:
    """A seller's subscription. ``told`` remembers what was told, so that only news are."""

    id: str
    account: str
    type: str
    version: str
    destination: str
    directive: dict | None = None
    told: dict[str, str] = field(default_factory=dict)


@dataclass
class Address:
    """Where to POST, for one account or for all; ``header: secret`` comes with every request."""

    url: str
    header: str = "x-api-key"
    secret: str = ""
    account: str = ""


@dataclass
class Letter:
    """A notification on its way to one address; ``due`` and ``since`` are seconds of this machine's clock."""

    body: dict
    address: Address
    due: float
    since: float
    tries: int = 0


@dataclass
class Message:
    """A notification in a queue. Once handed out it is hidden until ``visible`` (seconds of this machine's clock)."""

    id: str
    body: str
    visible: float = 0.0
    times: int = 0
    receipt: str = ""


class Post:
    """Destinations, subscriptions, addresses, queues, and letters on their way; kept in the state folder."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._path: Path = sandbox.folder / "notifications.json"
        self.lock = threading.RLock()
        self.destinations: dict[str, dict] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.addresses: list[Address] = []
        self.delivered: list[dict] = []
        self.queues: dict[str, deque[Message]] = {}
        self._letters: list[Letter] = []
        self._count = 0
        if self._path.exists():
            self._read(json.loads(self._path.read_text(encoding="utf-8")))

    def _read(self, kept: dict) -> None:
        self.destinations, self._count = kept["destinations"], kept["count"]
        self.subscriptions = {each["id"]: Subscription(**each) for each in kept["subscriptions"]}
        self.addresses = [Address(**each) for each in kept["addresses"]]
        self.queues = {
            arn: deque((Message(**each) for each in messages), QUEUE_HOLDS)
            for arn, messages in kept.get("queues", {}).items()
        }
        now = time.time()
        self._letters = [Letter(body, Address(**address), now, now) for body, address in kept["letters"]]

    def keep(self) -> None:
        """Write the state."""
        with self.lock:
            kept = {
                "destinations": self.destinations,
                "subscriptions": [asdict(each) for each in self.subscriptions.values()],
                "addresses": [asdict(each) for each in self.addresses],
                "letters": [(letter.body, asdict(letter.address)) for letter in self._letters],
                "queues": {arn: [asdict(each) for each in queue] for arn, queue in self.queues.items()},
                "count": self._count,
            }
            temporary = self._path.with_suffix(".tmp")
            temporary.write_text(json.dumps(kept), encoding="utf-8")
            temporary.replace(self._path)

    def number(self, *what: object) -> str:
        """A new identifier, like ``7d7e8c30-….``."""
        with self.lock:
            self._count += 1
            return _identifier(self._sandbox.options.seed, self._count, *what)

    def add(self, address: Address) -> None:
        """An address more; the same address and account again replaces it."""
        with self.lock:
            others = [each for each in self.addresses if (each.url, each.account) != (address.url, address.account)]
            self.addresses = [*others, address]
            self.keep()

    def subscribe(self, subscription: Subscription) -> None:
        """Begin; what is so already is no news."""
        with self.lock:
            now = self._sandbox.now()
            subscription.told = {key: state for key, state, *_rest in self._facts(subscription, now)}
            self.subscriptions[subscription.id] = subscription
            self.keep()

    # ---- what there is to tell -----------------------------------------------------------------------------------

    def look(self) -> None:
        """Write letters about everything that is news by now."""
        with self.lock:
            if not self.subscriptions:
                return
            now, written = self._sandbox.now(), 0
            for subscription in self.subscriptions.values():
                written += sum(self._news(subscription, *fact) for fact in self._facts(subscription, now))
            if written:
                self.keep()

    def _news(self, subscription: Subscription, key: str, state: str, moment: int, payload: dict) -> bool:
        before = subscription.told.get(key)
        if before == state:
            return False
        subscription.told[key] = state
        if subscription.type == STATUS_CHANGED:
            change = {"previousAccountStatus": before or "NORMAL", "currentAccountStatus": state}
            payload = {"accountStatusChangeNotification": change}
        identity = _identifier(self._sandbox.options.seed, subscription.id, key, state, moment)
        self.send(self.envelope(subscription, payload, moment, identity), subscription)
        return True

    def _facts(self, subscription: Subscription, now: int) -> list[tuple[str, str, int, dict]]:
        """(what, its state now, since when, payload)."""
        auth = BY_ID[subscription.account]
        return self._statuses(auth, now) if subscription.type == STATUS_CHANGED else self._issues(auth, now)

    def _statuses(self, auth: Authorisation, now: int) -> list[tuple[str, str, int, dict]]:
        world, facts = self._sandbox.world, []
        with world.lock:
            stands = world.health()[2]
        for code in auth.marketplaces:
            site = auth.index * SITES + [m.code for m in MARKETPLACES].index(code)
            day = now // DAY
            moment = day * DAY + int(uniform(world.seed, 6700, site, day)[0] * STATUS_HOUR * 3600)
            if moment > now:  # not told yet today
                day, moment = day - 1, now
            facts.append((code, stands.account_status(site, day), moment, {}))
        return facts

    def _issues(self, auth: Authorisation, now: int) -> list[tuple[str, str, int, dict]]:
        """Open and resolved violations that name a listing; requests for documents are no issues of listings."""
        world = self._sandbox.world
        with world.lock:
            found, catalog = world.health()[1], world.catalog
        mine = (found.site // SITES == auth.index) & (found.opened <= now) & np.isin(found.kind, NAMED)
        facts = []
        for i in np.flatnonzero(mine).tolist():
            listing, resolved = int(found.listing[i]), int(found.resolved[i])
            over = resolved <= now and resolved != NEVER
            sku = catalog.skus[catalog.listing_sku[listing]]
            payload = {
                "SellerId": self._sandbox.login.seller_id(auth),
                "MarketplaceId": MARKETPLACES[int(found.site[i]) % SITES].id,
                "Asin": sku.asin,
                "Sku": sku.code,
                "Severities": ["NONE"] if over else ["ERROR"],
                "EnforcementActions": [] if over else ["SEARCH_SUPPRESSED"],
            }
            key = f"{found.site[i]}.{found.kind[i]}.{found.opened[i]}.{listing}"
            facts.append((key, "resolved" if over else "open", resolved if over else int(found.opened[i]), payload))
        return facts

    def envelope(self, subscription: Subscription, payload: dict, moment: float, identity: str) -> dict:
        """The notification as Amazon wraps it: camel case for newer types, Pascal case for older ones."""
        head = {
            "notificationVersion": "1.0",
            "notificationType": subscription.type,
            "payloadVersion": subscription.version,
            "eventTime": _iso(moment),
        }
        metadata = {
            "applicationId": self._sandbox.login.application_id,
            "subscriptionId": subscription.id,
            "publishTime": _iso(self._sandbox.clock.now()),
            "notificationId": identity,
        }
        if subscription.type == STATUS_CHANGED:
            return head | {"payload": payload, "notificationMetadata": metadata}
        return _pascal(head) | {"Payload": payload, "NotificationMetadata": _pascal(metadata)}

    # ---- bringing it ---------------------------------------------------------------------------------------------

    def send(self, body: dict, subscription: Subscription) -> None:
        """Put a notification on its way to every address of the account, and into the subscription's queue if it has
        one; sometimes twice, and not in order."""
        account = subscription.account
        self._enqueue(body, subscription.destination)
        metadata = body.get("notificationMetadata") or body["NotificationMetadata"]
        identity = metadata.get("notificationId") or metadata["NotificationId"]
        chance = random.Random(identity)
        now = time.time()
        with self.lock:
            for address in self.addresses:
                if address.account in ("", account):
                    for _copy in range(2 if chance.random() < TWICE else 1):
                        due = now + chance.random() * SCATTER_SECONDS
                        self._letters.append(Letter(body, address, due, now))

    def _enqueue(self, body: dict, destination: str) -> None:
        resource = self.destinations.get(destination, {}).get("resource", {})
        if "sqs" in resource:
            with self.lock:
                text = json.dumps(body)
                identity = _identifier(text)
                queue = self.queue(resource["sqs"]["arn"])
                for _copy in range(2 if random.Random(text).random() < TWICE else 1):
                    queue.append(Message(identity, text))

    def queue(self, arn: str) -> deque[Message]:
        """The queue of this name; the oldest messages are forgotten when nobody reads it."""
        return self.queues.setdefault(arn, deque(maxlen=QUEUE_HOLDS))

    def deliver(self) -> None:
        """Bring every letter that is due; keep those that were not accepted."""
        now = time.time()
        with self.lock:
            due = sorted((each for each in self._letters if each.due <= now), key=lambda each: each.due)
        for letter in due:
            status = _post(letter)
            with self.lock:
                self.delivered = [*self.delivered[-199:], self._note(letter, status)]
                letter.tries += 1
                letter.due = now + RETRY_SECONDS * 2 ** min(letter.tries, 6)
                if 200 <= status < 300 or now - letter.since > GIVE_UP_SECONDS:
                    self._letters.remove(letter)
        if due:
            self.keep()

    def _note(self, letter: Letter, status: int) -> dict:
        metadata = letter.body.get("notificationMetadata") or _camel(letter.body["NotificationMetadata"])
        kind = letter.body.get("notificationType") or letter.body["NotificationType"]
        return {"notification": metadata["notificationId"], "type": kind, "url": letter.address.url, "status": status}

    def waiting(self) -> int:
        """Letters not accepted yet."""
        with self.lock:
            return len(self._letters)

    def work(self, every: float) -> None:
        """Look and deliver for as long as the process lives; to look is the dearer of the two."""
        looked = 0.0
        while True:
            time.sleep(every)
            try:
                if time.monotonic() - looked >= LOOK_SECONDS:
                    self.look()
                    looked = time.monotonic()
                self.deliver()
            except Exception:  # A post office that closes for ever because of one letter would be worse.
                traceback.print_exc()


def _post(letter: Letter) -> int:
    """The status of the answer; 0 when there was none."""
    body = json.dumps(letter.body).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Amazon/EventBridge/ApiDestinations"}
    if letter.address.secret:
        headers[letter.address.header] = letter.address.secret
    request = urllib.request.Request(letter.address.url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return int(error.code)
    except (OSError, ValueError):
        return 0


def _identifier(*what: object) -> str:
    text = digest("notification", *what)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _pascal(words: dict) -> dict:
    return {name[0].upper() + name[1:]: value for name, value in words.items()}


def _camel(words: dict) -> dict:
    return {name[0].lower() + name[1:]: value for name, value in words.items()}
