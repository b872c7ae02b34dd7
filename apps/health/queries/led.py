"""What living incidents speak of already: of one cause the inbox has one card, and the incident's leads."""

from apps.health.models import AlertRule, Signal

Subject = tuple[int, str, str]  # store, marketplace, what findings about account health call it


def subject_of(signal: Signal) -> Subject:
    """What a finding about account health would say of a sign."""
    return (signal.store_id, signal.marketplace, f"{signal.metric}:{signal.programme}".rstrip(":"))


def led(store_id: int) -> set[tuple[str, str]]:
    """{(marketplace, subject)} of a store's metrics that an incident is about. One query."""
    rows = Signal.objects.filter(living=True, store=store_id, rule__fact=AlertRule.Fact.HEALTH)
    return {subject_of(each)[1:] for each in rows}
