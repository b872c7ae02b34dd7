"""The examples of the API page, run as they stand against the real server: what people copy works."""

import os
import shutil
import subprocess
import sys
from threading import Thread
from types import SimpleNamespace

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.permissions import Role
from apps.inventory.actions import create_plans
from apps.inventory.models import OwnStock, Plan, PlanLine, Replenishment
from apps.sales.models import Cost, OrderLine
from apps.sync import actions
from apps.sync.actions import emit, webhooks
from apps.sync.models import WebhookDelivery
from apps.sync.rows import ORDER_LINE
from apps.sync.tasks import deliver
from apps.team.queries import examples
from tests.core.test_rest import key_for
from tests.inventory.lines import fill
from tests.sales.rows import load
from tests.sync.test_webhooks import Receiver

SCOPES = ("stores:read", "stock:read", "stock:write", "orders:read", "plans:read", "documents:write", "stores:all")
EVERY = [example.key for example in examples.EXAMPLES]
CALLING = [key for key in EVERY if key != "webhooks"]


@pytest.fixture
def acme(transactional_db):
    from tests.world import World

    return World("acme")


@pytest.fixture
def desk(acme, live_server, settings, tmp_path, monkeypatch):
    """A place to run an example in: `desk.run("stores.py")` is what it prints."""
    settings.BASE_URL = live_server.url
    settings.DOCUMENTS_URL = f"file://{tmp_path}/documents"
    workers = []

    def work(run_id, agency_id):
        actions.run(run_id, agency_id=agency_id)
        connections.close_all()

    def answer(_name, *, run_id, agency_id, **_more):
        """The bell is heard at once: there is no worker beside the test."""
        workers.append(Thread(target=work, args=(run_id, agency_id)))
        workers[-1].start()

    monkeypatch.setattr("apps.sync.actions.bell.send", answer)
    key = key_for(acme, *SCOPES)

    def run(name, **more):
        text = examples.text_of(name).replace("swk_your_key", key)
        path = tmp_path / name
        path.write_text(text)
        command = [sys.executable, str(path)] if name.endswith(".py") else ["bash", "-euo", "pipefail", str(path)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | more, timeout=60)
        for worker in workers:
            worker.join(30)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return SimpleNamespace(run=run, folder=tmp_path, world=acme)


def ready(world):
    """Something for every example to find."""
    with world:
        line = {"order_id": "o-1", "sku": "MUG-1", "marketplace": "US", "currency": "USD", "quantity": 2, "ordinal": 1}
        load(world, ORDER_LINE, line)
        fill(world.store, 3)
        create_plans(list(Replenishment.objects.all()), by=world.seats[Role.OWNER], at=timezone.now())
        Plan.objects.update(state=Plan.State.APPROVED)


def effect(world, key):
    """What an example left behind, or should have printed."""
    with world:
        match key:
            case "stores":
                return ["north", "europe"]
            case "stock_json" | "idempotency":
                assert OwnStock.objects.get(sku="MUG-1").available == 120
                return ["received"]
            case "stock_ndjson":
                assert OwnStock.objects.filter(warehouse="main").count() in (2, 1000)
                return ["received"]
            case "orders":
                assert OrderLine.objects.count() == 1
                return ["o-1"]
            case "documents":
                assert Cost.objects.get(sku="MUG-1").unit_cost == 1850
                return []
            case "plan_lines":
                return list(PlanLine.objects.values_list("sku", flat=True))
    raise AssertionError(key)


@pytest.mark.parametrize("language", ["py", "sh"])
@pytest.mark.parametrize("key", CALLING)
def test_an_example_does_what_it_says(desk, key, language):
    if language == "sh" and not shutil.which("curl"):
        pytest.skip("no curl here")
    ready(desk.world)
    said = desk.run(f"{key}.{language}")
    assert all(each in said for each in effect(desk.world, key)), said


@pytest.fixture
def hook(acme, settings):
    settings.ALLOW_HTTP_OUTSIDE = True
    receiver = Receiver()
    with acme:
        _endpoint, secret = webhooks.add_endpoint(
            url=receiver.url, events=[], by=acme.seats[Role.OWNER], at=timezone.now()
        )
        emit("run.done", {"rows": 7}, store=acme.store, at=timezone.now())
        delivery = WebhookDelivery.objects.get()
    assert deliver(str(delivery.pk), acme.agency.pk) == "sent"
    _path, headers, body = receiver.got[0]
    yield SimpleNamespace(secret=secret, headers=headers, body=body)
    receiver.server.shutdown()
    receiver.server.server_close()


def test_the_check_of_webhooks_takes_ours_and_nothing_else(hook):
    told: dict = {}
    exec(examples.text_of("webhooks.py").replace("whsec_your_secret", hook.secret), told)
    assert told["event_of"](hook.headers, hook.body)["type"] == "run.done"
    for headers, body in (
        (hook.headers, hook.body.replace(b"7", b"8")),
        (hook.headers | {"webhook-id": "msg_other"}, hook.body),
        (hook.headers | {"webhook-timestamp": "1700000000"}, hook.body),
    ):
        with pytest.raises(ValueError):
            told["event_of"](headers, body)


def test_the_check_in_a_shell_makes_the_same_signature(desk, hook):
    (desk.folder / "body.json").write_bytes(hook.body)
    script = examples.text_of("webhooks.sh").replace("whsec_your_secret", hook.secret)
    (desk.folder / "check.sh").write_text(script)
    names = {"ID": hook.headers["webhook-id"], "AT": hook.headers["webhook-timestamp"]}
    done = subprocess.run(
        ["bash", "check.sh"], cwd=desk.folder, capture_output=True, text=True, env=os.environ | names, check=True
    )
    assert f"v1,{done.stdout.strip()}" in hook.headers["webhook-signature"].split()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_shows_the_very_files_and_both_erps(client, db, language):
    page = client.get("/api/docs/", headers={"Accept-Language": language}).content.decode()
    assert page.count('id="example-') == len(EVERY)
    assert "for store in answer.json()[&quot;items&quot;]" in page
    assert "storewright.example" not in page
    assert "availableStockQuantity" in page
    assert "锁定库存" in page


def test_every_file_is_shown():
    folder = examples.settings.BASE_DIR / examples.FOLDER
    assert {path.name for path in folder.iterdir()} == {f"{key}.{end}" for key in EVERY for end in ("py", "sh")}
