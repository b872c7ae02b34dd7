"""From the connection of a store to the last sum: what PostgreSQL holds is what the sandbox sold."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.sync import actions
from apps.sync.models import Stream
from tests.sync.live import compare, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_first_sync_brings_every_line_unit_and_cent_and_so_does_a_correction(tmp_path):
    with running(tmp_path, "lumora:NA", lease=8) as live:
        live.wait_until_settled()
        verdict = compare(live)
        assert verdict.clean, verdict
        assert verdict.lines > 1000

        # What was told is corrected later: a pull brings the corrections, and only those.
        restated = live.box.desk("faults", {"kind": "restated_rows", "rate": 0.2, "partner": live.account, "days": 60})
        assert restated["restated"] > 20
        assert compare(live).different, "the comparison sees a cent"
        live.box.desk("clock", {"advance_seconds": 2})  # a report ends before the second it is made in
        with live.world:
            stream = Stream.objects.get(store=live.store, connection__kind="sp_api", dataset="orders")
            since, until = timezone.now() - timedelta(days=2), timezone.now()
            run = actions.pull(stream, since=since, until=until, by=live.world.seats["owner"], at=timezone.now())
        live.wait_until_settled()
        verdict = compare(live)
        assert verdict.clean, verdict
        with live.world:
            run.refresh_from_db()
            assert 0 < run.changed <= run.rows < verdict.lines / 2
