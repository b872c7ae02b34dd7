import os

from celery import Celery
from celery.signals import worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.schedule import SCHEDULE  # reads settings

app = Celery("storewright")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = SCHEDULE
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@worker_init.connect
def refuse_an_unwalled_login(**kwargs: object) -> None:
    """A worker that could see every agency must not start."""
    from apps.core.checks import problems  # noqa: PLC0415 - the apps are not loaded when this module is

    if found := problems():
        raise SystemExit("\n".join(f"{e.id}: {e.msg}. {e.hint or ''}" for e in found))
