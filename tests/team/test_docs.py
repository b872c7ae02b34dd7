"""The description of the API: valid, complete, and readable by people."""

from openapi_spec_validator import validate

from config.api import urlpatterns


def test_the_schema_is_valid_and_names_every_call(client, db):
    answer = client.get("/api/schema/", headers={"Accept": "application/json"})
    schema = answer.json()
    validate(schema)
    assert len(schema["paths"]) == len(urlpatterns)
    calls = [call for methods in schema["paths"].values() for call in methods.values()]
    assert all("401" in call["responses"] and "429" in call["responses"] for call in calls)


def test_the_page_shows_every_call(client, db):
    page = client.get("/api/docs/").content.decode()
    for name in ("list_orders", "list_order_lines", "put_costs", "upload_document", "change_product"):
        assert (f'id="{name}"' in page) is (name != "list_orders")
