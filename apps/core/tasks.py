"""The one way to run something later for an agency."""

from typing import Any

from celery.contrib.django.task import DjangoTask

from apps.core.tenancy import tenant


class TenantTask(DjangoTask):
    """A task for one agency: pass `agency_id` by keyword; the body already runs inside it.

    Messages carry ids only. Delivery is at least once, so a body must be safe to run twice; it must not touch
    the network (only apps.sync does, in short transactions of its own).
    """

    abstract = True
    typing = False  # `agency_id` is taken by __call__, the body does not know it
    acks_late = True
    autoretry_for = (ConnectionError,)
    retry_backoff = True
    max_retries = 5

    def __call__(self, *args: Any, agency_id: int, **kwargs: Any) -> Any:
        with tenant(agency_id):
            return super().__call__(*args, **kwargs)
