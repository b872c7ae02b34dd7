"""What people read when something is wrong: what happened, what it means for the data, what to do. Both languages."""

import pytest
from django.test import Client, RequestFactory
from django.utils.translation import override
from django.views import defaults

from apps.core.permissions import Role

SAID = {
    "en": {404: "Page not found", 403: "Not allowed", 400: "could not be read", 500: "went wrong on our side"},
    "zh-hans": {404: "页面不存在", 403: "无权操作", 400: "无法读取该请求", 500: "出错了"},
}


@pytest.mark.parametrize("language", SAID)
def test_a_page_that_is_not_there(acme, language):
    person = acme.user(Role.OWNER)
    type(person).objects.filter(pk=person.pk).update(language=language)
    client = Client()
    client.force_login(person)
    for path in ("/no-such-agency/", f"/{acme.agency.slug}/no-such-page/"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert SAID[language][404] in answer.content.decode()


@pytest.mark.parametrize("language", SAID)
def test_a_crash_needs_nothing_that_may_be_broken(language):
    """No `db` fixture here: a query would be refused."""
    with override(language):
        answer = defaults.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert SAID[language][500] in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_a_refusal_names_who_can_grant_it(acme):
    client = Client()
    client.force_login(acme.user(Role.ANALYST))
    answer = client.get(f"/{acme.agency.slug}/stores/new/")
    assert answer.status_code == 403
    assert "owner or manager" in answer.content.decode()


def test_a_form_from_another_session_changes_nothing_and_says_why(acme):
    client = Client(enforce_csrf_checks=True)
    client.force_login(acme.user(Role.OWNER))
    answer = client.post("/me/preferences/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "too old" in answer.content.decode()


def test_what_cannot_be_read_is_answered_in_words():
    answer = defaults.bad_request(RequestFactory().get("/"), ValueError())
    assert answer.status_code == 400
    assert SAID["en"][400] in answer.content.decode()
