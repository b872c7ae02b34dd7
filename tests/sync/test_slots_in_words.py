"""Why a run runs, for people; its slot stays the key."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from apps.sync.models import Run


@pytest.mark.parametrize(
    ("slot", "english", "chinese"),
    [
        ("2026-03-02T10:05:00Z", "Regular, 03-02 18:05", "定时，03-02 18:05"),
        ("backfill:2025-10-27", "History from 2025-10-27", "历史回补，自 2025-10-27"),
        (
            "pull:2026-01-01:2026-01-31:1767225600",
            "Asked for: 2026-01-01 – 2026-01-31",
            "手动拉取：2026-01-01 – 2026-01-31",
        ),
        ("upload:01a216ba-febe-7981-9fad-543721a572f3", "Imported file", "上传的文件"),
    ],
)
def test_a_slot_is_said_in_both_languages(slot, english, chinese):
    run = Run(agency_id=1, slot=slot, due_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    with timezone.override("Asia/Shanghai"), translation.override("en"):
        assert run.slot_label == english
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        assert run.slot_label == chinese
