"""The shape of production, read: docker-compose.yml, the Dockerfile and .env.example say the same as the code."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve

from apps.inventory.tasks import QUEUE
from apps.sync.actions.bell import queue_of
from config.schedule import SCHEDULE

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVERS = {"postgres", "redis"}
OURS = {name: service for name, service in SERVICES.items() if name not in SERVERS}
WORKERS = {name: service for name, service in OURS.items() if name.startswith("worker-")}
SETTINGS = (ROOT / "config" / "settings.py").read_text()
READ = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', SETTINGS))
NEEDED = set(re.findall(r'env(?:\.\w+)?\("([A-Z0-9_]+)"\)', SETTINGS)) - {"DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL"}
PROGRAMS = {"celery", "gunicorn", "python"}


def environment(name: str) -> dict[str, str]:
    return SERVICES[name]["environment"]


def queues(name: str) -> set[str]:
    words = WORKERS[name]["command"]
    return set(words[words.index("-Q") + 1].split(","))


@pytest.mark.parametrize("name", OURS)
def test_variables_are_those_the_settings_read(name):
    given = set(environment(name))
    assert given <= READ, f"{name}: nobody reads {given - READ}"
    assert given >= NEEDED, f"{name}: the settings need {NEEDED - given}"


def test_every_variable_of_the_host_is_in_the_example():
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", COMPOSE))
    offered = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == offered


def test_no_secret_is_written_down():
    for login in re.findall(r"//\w+:([^@\s]+)@", COMPOSE):
        assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]*\}", login), f"a password in the file: {login}"
    for line in COMPOSE.splitlines():
        name, _sep, value = line.strip().partition(": ")
        if re.search(r"(PASSWORD|SECRET|_KEY|KEYS)\w*$", name):
            assert re.fullmatch(r"\$\{[A-Z_]+:[?-].*\}", value), line
    for line in (ROOT / ".env.example").read_text().splitlines():
        if re.match(r"\w*(PASSWORD|SECRET|KEY)\w*=", line):
            assert line.endswith("="), f"a secret in the example: {line}"


def test_each_login_is_known_to_its_service_only():
    for name in OURS:
        given = environment(name)
        assert given["DATABASE_URL"].startswith("postgres://storewright_app:"), name
        assert ("DATABASE_OWNER_URL" in given) == (name == "migrate"), name
        assert ("DATABASE_PLATFORM_URL" in given) == (name == "platform"), name
        assert (given.get("DJANGO_ROLE") == "owner") == (name == "migrate"), name
        text = str(given)
        assert ("OWNER_PASSWORD" in text, "PLATFORM_PASSWORD" in text) == (name == "migrate", name == "platform")
        assert "POSTGRES_PASSWORD" not in text
    assert environment("migrate")["DATABASE_OWNER_URL"].startswith("postgres://storewright_owner:")
    assert environment("platform")["DATABASE_PLATFORM_URL"].startswith("postgres://storewright_platform:")


def test_the_server_is_told_the_passwords_its_first_start_asks_for():
    script = (ROOT / "stack" / "docker-init.sh").read_text()
    asked = set(re.findall(r"\$([A-Z_]+)", script))
    assert asked <= set(environment("postgres"))
    roles = (ROOT / "stack" / "sql" / "roles.sql").read_text()
    assert set(re.findall(r"ALTER ROLE (\w+) PASSWORD", script)) == set(re.findall(r"ALTER ROLE (\w+) LOGIN", roles))
    for volume in SERVICES["postgres"]["volumes"]:
        here = volume.partition(":")[0]
        assert not here.startswith(".") or (ROOT / here).exists(), volume


@pytest.mark.parametrize("name", [name for name in OURS if "command" in OURS[name]])
def test_commands_exist(name):
    program, *words = OURS[name]["command"]
    assert program in PROGRAMS
    if program == "python":
        assert (ROOT / words[0]).is_file()
        assert words[1] in get_commands()
    if program == "celery":
        assert import_module(words[words.index("-A") + 1]).celery
        assert ({"worker", "beat"} & set(words)) == {name.partition("-")[0]}


def test_workers_know_that_they_are_and_web_processes_pool():
    assert {name for name in OURS if environment(name).get("DJANGO_WORKER") == "1"} == {*WORKERS, "beat"}
    assert environment("web")["DB_POOL"] == "1"


def test_every_queue_has_one_worker():
    used = {entry["options"]["queue"] for entry in SCHEDULE.values()} | {queue_of(p) for p in range(101)}
    used |= {QUEUE, settings.CELERY_TASK_DEFAULT_QUEUE}
    assert used <= set().union(*map(queues, WORKERS)), "nobody works on some queue"
    assert sum(len(queues(name)) for name in WORKERS) == len(set().union(*map(queues, WORKERS)))


def test_everything_says_how_it_is():
    assert all(SERVICES[name]["healthcheck"]["test"] for name in SERVERS)
    for name in WORKERS:
        assert WORKERS[name]["healthcheck"]["test"][:5] == ["CMD", "celery", "-A", "config", "inspect"]
    assert SERVICES["beat"]["healthcheck"] == {"disable": True}  # answers nobody
    address = re.search(r"HEALTHCHECK .*urlopen\('http://127\.0\.0\.1:8000(/\w+)'", DOCKERFILE)
    assert resolve(address.group(1))


def test_nobody_starts_before_the_tables_are_there():
    for name in set(OURS) - {"migrate"}:
        after = OURS[name]["depends_on"]
        assert after["migrate"] == {"condition": "service_completed_successfully"}, name
        assert after["redis"] == {"condition": "service_healthy"}, name
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"


def test_the_console_is_not_open_to_the_world():
    (port,) = SERVICES["platform"]["ports"]
    assert port.startswith("127.0.0.1:")
    assert "ports" not in SERVICES["postgres"]
    assert "ports" not in SERVICES["redis"]


def test_the_image_is_made_of_what_is_there():
    stages = dict(re.findall(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in OURS.values()} <= set(stages.values())
    for origins in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for origin in origins.split():
            assert (ROOT / origin).exists(), f"COPY {origin}"
    web = DOCKERFILE.split(" AS web\n")[1]
    assert "USER storewright" in web
    assert "--require-hashes" in DOCKERFILE
    assert "gcc" not in web
    assert set(re.findall(r"\b([A-Z_]+)=\S", web)) >= NEEDED, "collectstatic needs all the settings need"
    command = re.search(r'^CMD \["gunicorn", "([\w.]+)"', web, re.MULTILINE)
    assert f"{command.group(1)}.application" == settings.WSGI_APPLICATION
    assert "DJANGO_SETTINGS_MODULE=config.settings" in web
