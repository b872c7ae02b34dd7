"""The description of the API: valid, complete, and readable by people."""

import re
from concurrent.futures import ThreadPoolExecutor

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from apps.core.permissions import SCOPES
from apps.core.schema import Description
from config.api import urlpatterns
from tests.core.test_rest import Api, key_for
from tests.house.goods import Goods

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_the_schema_is_valid_and_names_every_call(client, db):
    answer = client.get("/api/schema/", headers={"Accept": "application/json"})
    schema = answer.json()
    validate(schema)
    assert len(schema["paths"]) == len(urlpatterns)
    calls = [call for methods in schema["paths"].values() for call in methods.values()]
    assert all("401" in call["responses"] and "429" in call["responses"] for call in calls)


def test_the_page_shows_every_call(client, db):
    page = client.get("/api/docs/").content.decode()
    assert all(f'id="{call["operationId"]}"' in page for _path, _method, call in operations(schema_of(client)))
    for name in ("list_orders", "list_order_lines", "put_costs", "upload_document", "change_product"):
        assert (f'id="{name}"' in page) is (name != "list_orders")


def test_the_schema_and_the_page_speak_the_readers_language(client, db):
    english, chinese = schema_of(client, "en"), schema_of(client, "zh-hans")
    assert {call["tags"][0] for _path, _method, call in operations(chinese)} == {tag["name"] for tag in chinese["tags"]}
    validate(chinese)
    for (path, method, one), (_path, _method, other) in zip(operations(english), operations(chinese), strict=True):
        assert one["operationId"] == other["operationId"]
        assert all("description" in each for each in other.get("parameters", [])), f"{method} {path}"
        for text in (other["summary"], *(each["description"] for each in other.get("parameters", []))):
            assert CHINESE.search(text), f"{method} {path}: {text}"
        assert not CHINESE.search(str(one)), f"{method} {path}"
    page = client.get("/api/docs/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert all(call["summary"] in page for _path, _method, call in operations(chinese))


def schema_of(client, language="en"):
    return client.get(f"/api/schema/?lang={language}", headers={"Accept": "application/json"}).json()


def operations(schema):
    return [(path, method, call) for path, methods in schema["paths"].items() for method, call in methods.items()]


def test_every_list_answers_as_it_is_described(acme, client):
    """Of one of everything there is, most of it looked after by nobody and not ended: null stands where it may."""
    Goods(acme, acme.store, "US", "USD")
    schema, api, empty = with_nulls(schema_of(client)), Api(key_for(acme, *SCOPES)), []
    for path, method, call in operations(schema):
        if method == "get" and "{" not in path:
            answer = api.get(path)
            assert answer.status_code == 200, path
            body = call["responses"]["200"]["content"]["application/json"]["schema"]
            rules = Draft202012Validator({**body, "components": schema["components"]})
            assert not [f"{path} {fault.json_path}: {fault.message}" for fault in rules.iter_errors(answer.json())]
            empty += [] if answer.json().get("items", True) else [path]
    assert len(empty) <= 6, empty


def with_nulls(schema):
    """OpenAPI's `nullable` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [with_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: with_nulls(each) for name, each in schema.items()}
    return {"anyOf": [told, {"type": "null"}]} if told.pop("nullable", False) is True else told


def test_a_number_is_described_as_digits(client, db):
    sent = schema_of(client)["components"]["schemas"]["RuleChangeRequest"]["properties"]["value"]
    taken = re.compile(sent["pattern"])
    assert all(map(taken.search, ("0", "-1.5", ".5", "12.", "-.25")))
    assert not any(map(taken.search, ("", "-", ".", "-.", "1,5", "1e3")))


def test_many_may_ask_for_the_description_at_once():
    with ThreadPoolExecutor(8) as many:
        told = list(many.map(lambda _n: Description().get_schema(request=None, public=True), range(16)))
    assert len({str(sorted(each["paths"])) for each in told}) == 1
