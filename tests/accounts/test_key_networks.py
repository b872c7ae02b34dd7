"""A key bound to a network works from there only, also behind our own proxies."""

import pytest

from tests.core.test_rest import Api, key_for

OFFICE, ELSEWHERE, PROXY = "203.0.113.9", "198.51.100.7", "10.0.0.2"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "status"),
    [
        (0, "", OFFICE, 200),
        (0, "", ELSEWHERE, 401),
        (0, OFFICE, ELSEWHERE, 401),  # anybody can send a header
        (1, OFFICE, PROXY, 200),
        (1, f"{OFFICE}, {ELSEWHERE}", PROXY, 401),  # what the caller said before our proxy saw them
        (1, ELSEWHERE, PROXY, 401),
        (2, OFFICE, PROXY, 401),  # not the way we stand
    ],
)
def test_where_a_call_comes_from(acme, settings, proxies, forwarded, remote, status):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    api = Api(key_for(acme, "stores:read", "stores:all", networks=["203.0.113.0/24"]))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert api.get("/api/v1/stores", headers=headers, REMOTE_ADDR=remote).status_code == status
