"""How long a consent and an application's secret still last, and how grave that is."""

from datetime import date, datetime

CONSENT_DAYS = 365  # Amazon's consent lapses after a year
SECRET_DAYS = 180  # and a client secret stops working after half of one
CONSENT_STEPS = (330, 350, 360)
SECRET_STEPS = (150, 165, 175)


def consent_left(authorised_at: datetime | None, at: datetime) -> int | None:
    """Days; negative: lapsed. None: it does not lapse."""
    return None if authorised_at is None else CONSENT_DAYS - (at - authorised_at).days


def secret_left(since: date | None, today: date) -> int | None:
    """Days; negative: it has stopped. None: nobody knows since when it is valid, or it is not the agency's."""
    return None if since is None else SECRET_DAYS - (today - since).days


def step(left: int | None, days: int, steps: tuple[int, ...]) -> int:
    """How many of the steps an age has passed: 0 is nothing to say, 3 is grave."""
    return 0 if left is None else sum(days - left >= each for each in steps)
