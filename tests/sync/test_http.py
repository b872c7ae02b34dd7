"""Who has to act is the type of the error; secrets never get into it."""

import socket
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings

from apps.sync import http
from apps.sync.addresses import Hosts
from apps.sync.http import Http, Request
from tests.sync.amazon import Reply, counter


@pytest.fixture
def amazon():
    with counter() as desk:
        yield desk


def sender(amazon, **options) -> Http:
    return Http(
        user_agent="Test/1",
        plain_hosts=frozenset({amazon.host}),
        documents=Hosts((amazon.host,), True),
        read_seconds=1,
        **options,
    )


def test_an_answer_keeps_decimals_and_names_us(amazon):
    amazon.say("GET /a", Reply({"amount": 0.1}))
    answer = sender(amazon).json(Request("getReport", "GET", amazon.url + "/a"))
    assert answer.body == {"amount": Decimal("0.1")}
    assert amazon.calls[0][1]["user-agent"] == "Test/1"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply({}, 400), http.InvalidRequest),
        (Reply({}, 401), http.AuthExpired),
        (Reply({}, 403), http.AuthExpired),
        (Reply({}, 404), http.NotFound),
        (Reply({}, 429), http.Throttled),
        (Reply({}, 500), http.Transient),
        (Reply({}, 503), http.Transient),
        (Reply({}, 302, {"location": "https://example.com"}), http.ContractChanged),
        (Reply(b"<html>busy</html>", 200, {"content-type": "text/html"}), http.Transient),
        (Reply(b"{broken", 200, {"content-type": "application/json"}), http.Transient),
        (Reply(b"[]", 200, {"content-type": "application/json"}), http.ContractChanged),
        (Reply(b"{}", 200, {"content-type": "application/json", "content-length": "99"}), http.Transient),
    ],
)
def test_failures_are_told_apart(amazon, reply, kind):
    amazon.say("GET /a", reply)
    with pytest.raises(kind):
        sender(amazon).json(Request("getReport", "GET", amazon.url + "/a"))


def test_retry_after_is_heeded_as_seconds_and_as_date(amazon):
    amazon.say("GET /a", Reply({}, 429, {"retry-after": "17"}))
    with pytest.raises(http.Throttled) as caught:
        sender(amazon).json(Request("getReport", "GET", amazon.url + "/a"))
    assert caught.value.seconds == 17
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert http.retry_after({"retry-after": "Mon, 02 Mar 2026 12:00:30 GMT"}, now) == 30
    assert http.retry_after({"retry-after": "soon"}, now) is None


def test_a_hanging_or_absent_server_is_transient(amazon):

    def slow() -> Reply:
        time.sleep(1.5)
        return Reply({})

    amazon.say("GET /a", slow)
    with pytest.raises(http.Transient):
        sender(amazon).json(Request("getReport", "GET", amazon.url + "/a"))
    closed = Http(user_agent="Test/1", plain_hosts=frozenset({"127.0.0.1:9"}))
    with pytest.raises(http.Transient):
        closed.json(Request("getReport", "GET", "http://127.0.0.1:9/"))


def test_plain_http_is_only_for_named_hosts(amazon):
    with pytest.raises(http.InvalidRequest, match="only https"):
        Http(user_agent="Test/1").json(Request("getReport", "GET", amazon.url + "/a"))
    assert amazon.calls == []


def test_a_dry_run_writes_nothing(amazon):
    amazon.say("POST /a", Reply({}))
    with pytest.raises(http.InvalidRequest, match="dry run"):
        sender(amazon, dry_run=True).json(Request("patchListingsItem", "POST", amazon.url + "/a", json={}))
    assert amazon.calls == []
    sender(amazon, dry_run=True).json(Request("createReport", "POST", amazon.url + "/a", json={}))


def test_secrets_are_not_in_what_is_told(amazon):
    secret = {"error": "Atza|IQEBLzAt refresh_token=Atzr|abc client_secret: hush jane@example.com"}
    amazon.say("GET /a", Reply(secret, 400, {"x-amzn-requestid": "rid-1"}))
    with pytest.raises(http.InvalidRequest) as caught:
        sender(amazon).json(Request("getReport", "GET", amazon.url + "/a"))
    said = str(caught.value) + caught.value.call.excerpt
    assert not any(word in said for word in ("IQEBLzAt", "Atzr|abc", "hush", "jane"))
    assert caught.value.call.request_id == "rid-1"


def test_a_download_is_whole_or_leaves_nothing(amazon, tmp_path):
    amazon.say("GET /d", Reply(b"x" * 5000, 200, {"content-type": "text/plain; charset=Cp1252"}))
    request = Request("download", "GET", amazon.url + "/d")
    got = sender(amazon).download(request, folder=tmp_path)
    assert (got.size, got.media_type, got.charset) == (5000, "text/plain", "cp1252")
    got.path.unlink()
    with pytest.raises(http.ContractChanged, match="larger"):
        sender(amazon).download(request, folder=tmp_path, limit=4000)
    amazon.say("GET /d", Reply(b"x" * 5000, 200, {"content-length": "9000"}))
    with pytest.raises(http.Transient):
        sender(amazon).download(request, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_documents_are_fetched_from_named_hosts_only(amazon, tmp_path):
    amazon.say("GET /d", Reply(b"x"))
    elsewhere = Http(
        user_agent="Test/1", plain_hosts=frozenset({amazon.host}), documents=Hosts(("*.s3.amazonaws.com",))
    )
    with pytest.raises(
        http.ContractChanged, match=rf"documents of {amazon.host} are not fetched.*SP_API_DOCUMENT_HOSTS"
    ):
        elsewhere.download(Request("download", "GET", f"{amazon.url}/d?X-Amz-Signature=hush"), folder=tmp_path)
    with pytest.raises(http.ContractChanged) as caught:
        elsewhere.download(Request("download", "GET", f"https://me:hush@{amazon.host}/d?s=hush"), folder=tmp_path)
    assert "hush" not in str(caught.value)
    assert amazon.calls == []


def test_a_named_host_that_leads_into_our_network_is_refused(amazon, tmp_path):
    amazon.say("GET /d", Reply(b"x"))
    port = amazon.host.partition(":")[2]
    for host in (amazon.host, f"localhost:{port}", f"[::ffff:127.0.0.1]:{port}"):
        strict = Http(
            user_agent="Test/1",
            plain_hosts=frozenset({host}),
            documents=Hosts((host.replace("[", "").replace("]", ""),)),
        )
        with pytest.raises(http.ContractChanged, match="private network"):
            strict.download(Request("download", "GET", f"http://{host}/d"), folder=tmp_path)
    assert amazon.calls == [] and list(tmp_path.iterdir()) == []


def test_a_name_that_leads_elsewhere_at_the_second_look_does_not_help(amazon, tmp_path, monkeypatch):
    """The address that was checked is the one that is connected to."""
    amazon.say("GET /d", Reply(b"x"))
    port = int(amazon.host.partition(":")[2])
    asked, really = [], socket.getaddrinfo

    def rebinding(host, *words, **more):
        if host != "rebinding.example":
            return really(host, *words, **more)
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("apps.sync.addresses.public", lambda address, **_how: address == "192.0.2.1")
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.3)
    host = f"rebinding.example:{port}"
    strict = Http(user_agent="Test/1", plain_hosts=frozenset({host}), documents=Hosts((host,)))
    with pytest.raises(http.Transient):
        strict.download(Request("download", "GET", f"http://{host}/d"), folder=tmp_path)
    assert asked and amazon.calls == []


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("https://tortuga-prod-na.s3-external-1.amazonaws.com/%2FNinetyDays/a?X-Amz-Expires=300", True),
        ("https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/a", True),
        ("https://tortuga-prod-fe.s3.us-west-2.amazonaws.com/a", True),
        ("https://tortuga-prod.s3.amazonaws.com:443/a", True),
        ("https://TORTUGA-prod.S3.amazonaws.com/a", True),
        ("https://tortuga-prod.s3.amazonaws.com:8443/a", False),
        ("https://tortuga-prod.s3.amazonaws.com.example.com/a", False),
        ("https://example.com/tortuga-prod.s3.amazonaws.com", False),
        ("https://tortuga-prod.s3.amazonaws.com@example.com/a", False),
        ("https://example.com\\.s3.amazonaws.com/a", False),
        ("https://ec2-10-0-0-1.compute-1.amazonaws.com/a", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
    ],
)
def test_amazons_document_hosts(url, held):
    assert Hosts(tuple(settings.SP_API_DOCUMENT_HOSTS)).hold(url) is held
