"""Every address x method x person x whose things: who gets in, who is refused, and for whom nothing is there.

Generated from the URLconf, so that a new address without a row in tests/house/matrix.py fails. All worlds live in
one transaction that is never committed; every request runs in a savepoint that is rolled back.
"""

import re
import traceback
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from apps.core.permissions import SCOPES, STAFF_ROLES, Permission, Role
from tests.cells import CELLS
from tests.core.test_rest import Api, key_for
from tests.factories import UserFactory
from tests.house.goods import Goods
from tests.house.matrix import API, DOORS, OF_A_MEMBER, OF_A_STORE, OPEN, PORTAL, STAFF
from tests.world import World

TABLE = DOORS | PORTAL | STAFF
ZETA = re.compile(r"\b(zeta\b|azeta)")  # a word: four letters alone stand in a random token now and then
LIBRARIES = ("accounts/", "platform/")
EVERY_STORE = [role for role in STAFF_ROLES if role not in {Role.SENIOR, Role.JUNIOR}]
READING = [scope for scope in SCOPES if scope.endswith(":read")]
PARTS = 3  # so that workers share the walk, each with one street for all of its part


def walk(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


ADDRESSES = list(walk(get_resolver().url_patterns))
GUARDED = [(route, p) for route, p in ADDRESSES if p.name in TABLE]
CALLS = [(route, p) for route, p in ADDRESSES if p.name in API]


def names(found):
    return [
        pytest.param(
            p,
            id=f"{p.name}{'-of-store' if 'slug:store' in route else ''}",
            marks=pytest.mark.xdist_group(f"matrix-{number % PARTS}"),
        )
        for number, (route, p) in enumerate(found)
    ]


def is_library(route: str, pattern) -> bool:
    return route.startswith(LIBRARIES) and pattern.name not in TABLE


# -- the table and the URLconf


def test_every_address_has_a_row_and_every_row_an_address():
    ours = {p.name for route, p in ADDRESSES if not is_library(route, p)}
    assert ours == set(TABLE) | set(API)


# Databases are only made for tests that say so, not for a fixture.
pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("pattern", names(GUARDED))
def test_every_page_wears_what_the_table_says(pattern):
    assert getattr(pattern.callback, "permissions", "nothing") == TABLE[pattern.name].needs


@pytest.mark.parametrize("pattern", names(CALLS))
def test_every_call_of_the_api_asks_what_the_table_says(pattern):
    actions = {method.upper(): action for method, action in pattern.callback.actions.items() if method != "head"}
    assert {method: pattern.callback.cls.permissions[actions[method]] for method in actions} == API[pattern.name].needs


def test_every_permission_guards_something():
    """A permission that nothing asks for is a promise nobody keeps; those asked for inside views are named."""
    asked = {need for row in TABLE.values() if not isinstance(row.needs, str) for need in row.needs}
    asked |= {need for call in API.values() for need in call.needs.values()}
    inside = {Permission.ALL_STORES, Permission.PROFIT_VIEW, Permission.HEALTH_VIEW, Permission.HEALTH_EDIT}
    inside |= {Permission.HEALTH_DECIDE}
    assert set(Permission) - asked == inside - asked


# -- the people


class Street:
    """Two agencies of the same shape and everybody who may knock."""

    def __init__(self) -> None:
        self.acme, self.zeta = World("acme"), World("zeta")
        with self.zeta:  # so that the other agency's store has a name acme does not know
            self.zeta.store.slug = "far"
            self.zeta.store.save()
        self.mine = Goods(self.acme, self.acme.store, "US", "USD")
        self.others = Goods(self.acme, self.acme.other_store, "DE", "EUR")
        self.foreign = Goods(self.zeta, self.zeta.store, "US", "USD")
        self.foreign.count_on(max(self.mine.things["entry"], self.others.things["entry"]) + 50)
        self.people = {role: self._person(self.acme.user(role)) for role in Role}
        self.other_client = self._person(self.acme.other_client.user)
        self.stranger = self._person(self.zeta.user(Role.OWNER))
        self.platform = self._person(UserFactory(email="platform@example.com", is_staff=True, is_superuser=True))
        self.nobody = Client(raise_request_exception=False)
        key = partial(key_for, self.acme, per_minute=10**6)
        self.keys = {
            "reading": Api(key(*READING, "stores:all")),
            "writing": Api(key(*SCOPES)),
            "one store": Api(key(*(s for s in SCOPES if s != "stores:all"), stores=[self.acme.store])),
            "no scope": Api(key("stores:all")),
        }
        self.foreign_key = Api(key_for(self.zeta, *SCOPES, per_minute=10**6))
        for api in (*self.keys.values(), self.foreign_key):
            api.raise_request_exception = False

    def _person(self, user) -> Client:
        """Signed in and past their first page: it begins a session, and a cell's effects are taken back."""
        client = Client(raise_request_exception=False)
        client.force_login(user)
        assert client.get(reverse("me")).status_code == 200
        return client


@pytest.fixture(scope="module")
def street(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield Street()
        transaction.set_rollback(True)


def ask(client: Client, method: str, url: str, **body):
    """One cell: a request whose effects are taken back. A failing view shows its own traceback."""
    with transaction.atomic():
        answer = client.generic(method, url, **body) if body else client_call(client, method, url)
        transaction.set_rollback(True)
    CELLS.append(method)
    if answer.status_code >= 500 and getattr(answer, "exc_info", None):
        pytest.fail(f"{method} {url}: {''.join(traceback.format_exception(*answer.exc_info)[-6:])}")
    return answer


def client_call(client: Client, method: str, url: str):
    return client.get(url) if method == "GET" else client.post(url)


def address(pattern, agency: str, goods: Goods, *, role: Role = Role.OWNER, store: str = "") -> str:
    """The address of `goods`; with `store` another store's name before them."""
    row = TABLE.get(pattern.name) or API[pattern.name]
    thing = goods.own[row.thing][role] if row.thing in OF_A_MEMBER else goods.things.get(row.thing)
    every = {
        "store": store or goods.store.slug,
        "pk": thing,
        "plan": thing,
        "number": thing,
        "pool": goods.pool,
        "site": goods.pool,
    }
    every |= {"sku": goods.sku, "place": 0, "agency": agency, "slug": every["store"], **getattr(row, "words", {})}
    wanted = set(pattern.pattern.converters) | ({"agency"} if agency else set())
    return reverse(pattern.name, kwargs={name: every[name] for name in wanted})


def about(pattern) -> set[str]:
    """What an address names: "store" if a store or something of a store, "thing" if anything at all."""
    names_ = set(pattern.pattern.converters) - {"kind", "what", "step", "token"}
    row = TABLE.get(pattern.name) or API[pattern.name]
    return ({"thing"} if names_ else set()) | ({"store"} if "store" in names_ or row.thing in OF_A_STORE else set())


def told(answer) -> str:
    streaming = answer.streaming
    return (b"".join(answer.streaming_content) if streaming else answer.content).decode(errors="replace").lower()


def is_sign_in(answer) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def holder_gets(answer, row) -> bool:
    return answer.status_code < 400 or answer.status_code in {409, 422, *row.also}


# -- staff


@pytest.mark.parametrize("pattern", names([(r, p) for r, p in GUARDED if p.name in STAFF]))
def test_pages_of_staff(street, pattern):
    row, url = STAFF[pattern.name], partial(address, pattern)
    wrong = []

    def expect(who, client, method, at, right) -> None:
        answer = ask(client, method, at)
        if not right(answer):
            wrong.append(f"{who} {method} {at}: {answer.status_code} {answer.get('Location', '')}")
        elif answer.status_code == 200 and ZETA.search(told(answer)):
            wrong.append(f"{who} {method} {at}: speaks of another agency")

    nothing = lambda answer: answer.status_code == 404  # noqa: E731
    for method in ("GET", "POST"):
        mine = url("acme", street.mine)
        expect("anonymous", street.nobody, method, mine, is_sign_in)
        for who, client in (
            ("foreign owner", street.stranger),
            ("platform staff", street.platform),
            ("client", street.people[Role.CLIENT]),
        ):
            expect(who, client, method, mine, nothing)
        for role in STAFF_ROLES:
            client, may = street.people[role], any(street.acme.seats[role].can(p) for p in row.needs)
            at = url("acme", street.mine, role=role)
            expect(f"{role} elsewhere", client, method, url("zeta", street.foreign), nothing)
            if method not in row.methods:
                expect(role, client, method, at, lambda answer: answer.status_code == 405)
            elif not may:
                expect(role, client, method, at, lambda answer: answer.status_code == 403)
            else:
                expect(role, client, method, at, lambda answer: holder_gets(answer, row))
                _others(street, pattern, method, role, expect)
    assert not wrong, "\n".join(wrong)


def _others(street, pattern, method, role, expect) -> None:
    """Things of another agency, of a store the role was not granted, and of another member."""
    row, client, url = STAFF[pattern.name], street.people[role], partial(address, pattern, "acme")
    nothing = lambda answer: answer.status_code == 404  # noqa: E731
    holder = lambda answer: holder_gets(answer, row)  # noqa: E731
    what = about(pattern)
    if "thing" in what:
        expect(f"{role}, foreign", client, method, url(street.foreign), nothing)
        if row.thing or "sku" in pattern.pattern.converters:
            if "store" in pattern.pattern.converters and row.thing:
                expect(f"{role}, foreign behind own store", client, method, url(street.foreign, store="north"), nothing)
    if "store" in what:
        right = holder if role in EVERY_STORE else nothing
        expect(f"{role}, other store", client, method, url(street.others), right)
        if row.thing and "store" in pattern.pattern.converters:
            expect(f"{role}, other store's behind this", client, method, url(street.others, store="north"), nothing)
    if row.thing in OF_A_MEMBER:
        other = Role.MANAGER if role == Role.OWNER else Role.OWNER
        all_jobs = row.thing == "job" and street.acme.seats[role].can(Permission.MEMBERS_EDIT)
        expect(f"{role}, {other}'s", client, method, url(street.mine, role=other), holder if all_jobs else nothing)


# -- clients


@pytest.mark.parametrize("pattern", names([(r, p) for r, p in GUARDED if p.name in PORTAL]))
def test_pages_of_clients(street, pattern):
    row, url = PORTAL[pattern.name], partial(address, pattern)
    wrong = []

    def expect(who, client, method, at, right, hush="") -> None:
        answer = ask(client, method, at)
        if not right(answer):
            wrong.append(f"{who} {method} {at}: {answer.status_code} {answer.get('Location', '')}")
        elif answer.status_code == 200 and (ZETA.search(told(answer)) or (hush and hush in told(answer))):
            wrong.append(f"{who} {method} {at}: speaks of others")

    nothing = lambda answer: answer.status_code == 404  # noqa: E731
    for method in ("GET", "POST"):
        mine, others = url("acme", street.mine), url("acme", street.others)
        expect("anonymous", street.nobody, method, mine, is_sign_in)
        for role in STAFF_ROLES:
            expect(role, street.people[role], method, mine, nothing)
        expect("foreign owner", street.stranger, method, mine, nothing)
        expect("platform staff", street.platform, method, mine, nothing)
        known = (lambda a: holder_gets(a, row)) if method in row.methods else (lambda a: a.status_code == 405)
        client = street.people[Role.CLIENT]
        expect("client", client, method, mine, known, "acme europe")
        expect("other client", street.other_client, method, others, known, "acme north")
        expect("client elsewhere", client, method, url("zeta", street.foreign), nothing)
        if "thing" in about(pattern) and method in row.methods:
            expect("client, other client's", client, method, others, nothing)
            expect("other client, client's", street.other_client, method, mine, nothing)
            expect("client, foreign", client, method, url("acme", street.foreign), nothing)
    assert not wrong, "\n".join(wrong)


# -- doors


@pytest.mark.parametrize("pattern", names([(r, p) for r, p in GUARDED if p.name in DOORS]))
def test_doors(street, pattern):
    row, at = DOORS[pattern.name], address(pattern, "", street.mine)
    everybody = {"anonymous": street.nobody, **street.people, "stranger": street.stranger, "platform": street.platform}
    for who, client in everybody.items():
        for method in ("GET", "POST"):
            answer = ask(client, method, at)
            said = f"{who} {method} {at}: {answer.status_code}"
            if row.needs == "signed in" and who == "anonymous":
                assert is_sign_in(answer), said
            elif method not in row.methods:
                assert answer.status_code == 405, said
            elif row.thing:  # another person's
                assert answer.status_code == 404, said
            else:
                assert holder_gets(answer, row), said


# -- the API


def _sent(client, method, url):
    body = {"data": "{}", "content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "once"}
    return ask(client, method, url, **body) if method != "GET" else ask(client, method, url)


@pytest.mark.parametrize("pattern", names(CALLS))
def test_calls_of_the_api(street, pattern):
    call, url = API[pattern.name], partial(address, pattern, "")
    mine, wrong = url(street.mine), []

    def expect(who, client, method, at, right) -> None:
        answer = _sent(client, method, at)
        if not right(answer.status_code):
            wrong.append(f"{who} {method} {at}: {answer.status_code} {told(answer)[:200]}")
        elif answer.status_code == 200 and ZETA.search(told(answer)):
            wrong.append(f"{who} {method} {at}: speaks of another agency")

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        need = call.needs.get(method)
        expect("nobody", street.nobody, method, mine, lambda status: status == 401)
        expect("owner without a key", street.people[Role.OWNER], method, mine, lambda status: status == 401)
        for who, client in street.keys.items():
            may = need is not None and need in _permissions(who)
            writes = method != "GET"
            good = (lambda s: s < 500 and s not in {401, 403, 404}) if writes else (lambda s: s == 200)
            expect(who, client, method, mine, good if may else (lambda s: s in {403, 405}))
            if may and "thing" in about(pattern):
                expect(f"{who}, foreign", client, method, url(street.foreign), lambda s: s == 404)
                if who == "one store":
                    expect(f"{who}, other store", client, method, url(street.others), lambda s: s == 404)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pattern", names(CALLS))
def test_a_foreign_key_reads_nothing_of_ours(street, pattern):
    answer = _sent(street.foreign_key, "GET", address(pattern, "", street.mine))
    if "GET" not in API[pattern.name].needs:
        assert answer.status_code in {403, 405}
    elif "thing" in about(pattern) and API[pattern.name].thing != "entry":  # entries are numbered in each agency
        assert answer.status_code == 404
    else:
        assert answer.status_code == 200
    assert "acme" not in told(answer)


def _permissions(who: str) -> frozenset[Permission]:
    scopes = {"reading": [*READING, "stores:all"], "writing": list(SCOPES), "no scope": ["stores:all"]}
    scopes["one store"] = [scope for scope in SCOPES if scope != "stores:all"]
    return frozenset().union(*(SCOPES[scope] for scope in scopes[who]))


# -- libraries


@pytest.mark.parametrize("who", ["anonymous", "owner", "client"])
def test_addresses_of_libraries_are_guarded_too(street, who):
    people = {"anonymous": street.nobody, "owner": street.people[Role.OWNER], "client": street.people[Role.CLIENT]}
    wrong = []
    for route, pattern in ADDRESSES:
        if not is_library(route, pattern) or pattern.pattern.converters or "(?P" in route or "<int:" in route:
            continue
        answer = ask(people[who], "GET", "/" + route)
        if route.startswith("platform/"):
            right = answer.status_code in {302, 403, 404} or pattern.name in {"login", "jsi18n"}
        else:
            right = answer.status_code < 500 if who != "anonymous" or pattern.name in OPEN else is_sign_in(answer)
        if not right:
            wrong.append(f"{who} GET /{route}: {answer.status_code} {answer.get('Location', '')}")
    assert not wrong, "\n".join(wrong)
