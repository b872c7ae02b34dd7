"""Amazon's statuses in words; what we do not know is shown as told, never dropped."""

import pytest
from django.utils import translation

from apps.sales.queries.order_words import STATUSES, status_word


@pytest.mark.parametrize(
    ("told", "english", "chinese"),
    [
        ("Shipped", "Shipped", "已发货"),
        ("Shipped - Delivered to Buyer", "Delivered", "已送达"),
        ("Pending - Waiting for Pick Up", "Waiting for pick-up", "等待揽收"),
        ("PartiallyShipped", "Partly shipped", "部分发货"),
        ("PARTIALLY_SHIPPED", "Partly shipped", "部分发货"),
        ("Teleported", "Teleported", "Teleported"),
    ],
)
def test_a_status_is_said_in_both_languages(told, english, chinese):
    with translation.override("en"):
        assert status_word(told) == english
    with translation.override("zh-hans"):
        assert status_word(told) == chinese


def test_no_status_is_left_in_english():
    with translation.override("zh-hans"):
        assert not [str(word) for word in STATUSES.values() if str(word).isascii()]
