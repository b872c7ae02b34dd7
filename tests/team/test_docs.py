"""The description of the API: valid, complete, and readable by people."""

import re
from concurrent.futures import ThreadPoolExecutor

from openapi_spec_validator import validate

from apps.core.schema import Description
from config.api import urlpatterns

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


def test_many_may_ask_for_the_description_at_once():
    with ThreadPoolExecutor(8) as many:
        told = list(many.map(lambda _n: Description().get_schema(request=None, public=True), range(16)))
    assert len({str(sorted(each["paths"])) for each in told}) == 1
