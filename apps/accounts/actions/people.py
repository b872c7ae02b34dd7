"""What a person decides for themselves. Personal, so no agency's ledger holds it."""

from typing import Any

from apps.accounts.models import User
from apps.accounts.queries import sessions_of
from apps.accounts.sessions import SessionStore

OWN = frozenset({"name", "language", "time_zone", "theme", "density", "delta_colours", "shortcuts"})


def set_preferences(user: User, **values: Any) -> User:
    """Keep a person's own settings; raises KeyError for a field that is not theirs to change."""
    if foreign := set(values) - OWN:
        raise KeyError(", ".join(sorted(foreign)))
    changed = [name for name, value in values.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, values[name])
    if changed:
        user.save(update_fields=changed)
    return user


def end_sessions(user_id: int, *, but: str = "") -> int:
    """Sign a person out everywhere (but in the session named); returns how many sessions ended."""
    keys = list(sessions_of(user_id).exclude(session_key=but).values_list("session_key", flat=True))
    for key in keys:
        end_session(key)
    return len(keys)


def end_session(key: str) -> None:
    """Void one session: its next request is a stranger's."""
    SessionStore(key).delete(key)
