"""manage.py seed_demo: connect two demo agencies to the sandbox, sync them for real, write down the logins.

Run again it changes nothing but the addresses in the file and exchange rates that are old by now. Needs workers and the
sandbox (`make up` runs them).
"""

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actions.rates import review
from apps.accounts.models import Agency, Member, Store, User
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.inventory.models import Replenishment
from apps.sync.models import Run
from apps.team.management import demo, demo_papers

PATIENCE = 1200  # seconds
WIDTH = 36
OVER = (Run.State.DONE, Run.State.EMPTY, Run.State.DEAD, Run.State.QUARANTINED, Run.State.NEEDS_OWNER)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX_URL:
            raise CommandError("SANDBOX_URL is not set: the demo speaks to the sandbox only. Start it with `make up`.")
        path = Path(os.environ.get("DEMO_FILE") or settings.BASE_DIR / "var" / "demo.json")
        known = _read(path)
        _freshen_rates()
        if known and Agency.objects.filter(slug__in=[h.slug for h in demo.HOUSES]).count() == len(demo.HOUSES):
            _write(path, known | _addresses())
            _forward_news(known)
            return
        began = time.monotonic()
        partners = httpx.get(f"{settings.SANDBOX_URL}/_sandbox/partners", timeout=60).json()
        password = secrets.token_urlsafe(12)
        written = _addresses() | {"users": [_platform(password)], "api_keys": []}
        for house in demo.HOUSES:
            _open(house, partners, password, written)
        _write(path, written)
        rows = self._wait()
        _tell_costs()
        _bring_defects(partners)
        self._wait_for_lines()
        _subscribe(partners, written)
        _write(path, written)
        seconds = time.monotonic() - began
        self.stdout.write(f"first sync: {rows:,} rows in {seconds:.0f} s")

    def _wait(self) -> int:
        """Until every run has ended, showing how far it is; returns the rows read."""
        began = time.monotonic()
        while True:
            done, total, rows, working = _progress()
            self._bar(done, total, f"{rows:,} rows  {working}")
            if total and done == total:
                self.stdout.write("")
                return rows
            if time.monotonic() - began > PATIENCE:
                raise CommandError("The first sync takes too long. Look at the sync page and the logs of the workers.")
            time.sleep(0.5)

    def _wait_for_lines(self) -> None:
        """Until replenishment has been worked out for every store."""
        began = time.monotonic()
        while time.monotonic() - began < 180:
            stores, ready = _ready()
            if ready == stores:
                return
            time.sleep(0.5)

    def _bar(self, done: int, total: int, note: str) -> None:
        filled = WIDTH * done // total if total else 0
        line = f"  syncing [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total} runs  {note}"
        end = "\r" if sys.stdout.isatty() else "\n"
        if end == "\r" or done == total or done % 25 == 0:
            self.stdout.write(f"{line[:118]:<118}", ending=end)
            self.stdout.flush()


def _freshen_rates() -> None:
    """Nobody looks after the rates of a demo: its inbox would begin with them. A real installation is told that they are old."""
    prices = httpx.get(f"{settings.SANDBOX_URL}/_sandbox/rates", timeout=60).json()
    at = timezone.now()
    if not demo.freshen_rates({code: str(price) for code, price in prices.items()}, at.date()):
        return
    for agency in _agencies():
        with tenant(agency.pk):
            review(at=at)


def _open(house: demo.House, partners: list[dict[str, Any]], password: str, written: dict[str, Any]) -> None:
    """One agency, in one transaction; what it may be entered with goes to `written`."""
    agency, _new = demo.open_house(house)
    at = timezone.now()
    with tenant(agency.pk):
        seats = demo.furnish(agency, house, password, at)
        if not Store.objects.exists():
            stores = demo.add_stores(house, partners, seats, at)
            seats[Role.CLIENT] = demo.invite_client(agency, stores, password)
        else:
            seats[Role.CLIENT] = Member.objects.filter(role=Role.CLIENT).select_related("user")[0]
            User.objects.filter(pk=seats[Role.CLIENT].user_id).update(password=seats[Role.OWNER].user.password)
        for name, secret, scopes in demo.make_keys(seats, at):
            written["api_keys"].append({"name": name, "key": secret, "agency": house.slug, "scopes": scopes})
    for role, member in seats.items():
        login = {"role": str(role), "email": member.user.email, "password": password, "agency": house.slug}
        written["users"].append(login)


def _platform(password: str) -> dict[str, str]:
    email = "platform@storewright.example"
    user, _new = User.objects.get_or_create(email=email, defaults={"name": "Platform"})
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    return {"role": "platform", "email": email, "password": password, "agency": ""}


def _progress() -> tuple[int, int, int, str]:
    done = total = rows = 0
    working = ""
    for agency in _agencies():
        with tenant(agency.pk):
            runs = Run.objects.exclude(stream__dataset__in=demo.LATER)
            sums = runs.aggregate(n=Count("pk"), over=Count("pk", filter=Q(state__in=OVER)), rows=Sum("rows"))
            total, done, rows = total + sums["n"], done + sums["over"], rows + (sums["rows"] or 0)
            now = Run.objects.filter(state=Run.State.RUNNING).select_related("stream", "store").first()
            working = f"{now.store.name} {now.stream.dataset} {now.stream.marketplace}" if now else working
    return done, total, rows, working


def _tell_costs() -> None:
    for agency in _agencies():
        with tenant(agency.pk):
            owner = Member.objects.get(role=Role.OWNER)
            demo_papers.say_what_products_are(timezone.now())
            for store in Store.objects.all():
                demo.tell_like_an_erp(store, owner, timezone.now())
                demo_papers.hand_in(store, owner, timezone.now())


def _bring_defects(partners: list[dict[str, Any]]) -> None:
    """What a person downloads in Seller Central, for Amazon has no API for it, and uploads here."""
    accounts = {(partner["seller_id"], partner["region"]): partner["id"] for partner in partners}
    for agency in _agencies():
        with tenant(agency.pk):
            owner = Member.objects.get(role=Role.OWNER)
            stores = [(store, accounts.get((store.seller_id, store.region))) for store in Store.objects.all()]
        for store, account in stores:
            url = f"{settings.SANDBOX_URL}/_sandbox/seller_central/defects.csv"
            file = httpx.get(url, params={"account": account}, timeout=60).content if account else b""
            if file.count(b"\n") > 1:
                with tenant(agency.pk):
                    demo.upload_like_a_person(store, owner, file, "defects.csv", timezone.now())


def _subscribe(partners: list[dict[str, Any]], written: dict[str, Any]) -> None:
    """Stores hear of Amazon's notifications, after the first sync: nobody waits for that, and nothing is told twice."""
    accounts: dict[str, list[str]] = {}
    for house in demo.HOUSES:
        accounts[house.slug] = [each["id"] for each in partners if each["partner"] in house.partners]
        with tenant(Agency.objects.get(slug=house.slug).pk):
            owner, at = Member.objects.get(role=Role.OWNER), timezone.now()
            name, secret, scopes = demo.make_news_key(owner, at)
            written["api_keys"].append({"name": name, "key": secret, "agency": house.slug, "scopes": scopes})
            demo.subscribe_stores(owner, at)
    written["news"] = accounts
    _forward_news(written)


def _forward_news(known: dict[str, Any]) -> None:
    """Tell the sandbox, which plays AWS as well, where to post each agency's notifications: to our API."""
    keys = {each["agency"]: each["key"] for each in known["api_keys"] if each["name"] == demo.NEWS_KEY}
    url = settings.BASE_URL + reverse("api-notifications")
    for slug, mine in known.get("news", {}).items():
        for account in mine if slug in keys else ():
            address = {"url": url, "header": "authorization", "secret": f"Bearer {keys[slug]}", "account": account}
            httpx.post(f"{settings.SANDBOX_URL}/_sandbox/notify", json=address, timeout=60).raise_for_status()


def _ready() -> tuple[int, int]:
    stores = ready = 0
    for agency in _agencies():
        with tenant(agency.pk):
            stores += Store.objects.filter(active=True).count()
            ready += Replenishment.objects.exclude(unit_cost=None).values("store").distinct().count()
    return stores, ready


def _agencies() -> list[Agency]:
    return list(Agency.objects.filter(slug__in=[house.slug for house in demo.HOUSES]))


def _addresses() -> dict[str, Any]:
    return {"base_url": settings.BASE_URL, "sandbox_url": settings.SANDBOX_URL}


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _write(path: Path, values: dict[str, Any]) -> None:
    """For this user's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False))
