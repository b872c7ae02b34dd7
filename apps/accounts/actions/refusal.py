"""How an action says no."""


class Refused(Exception):
    """Says to a person, in their language, why this cannot be done."""
