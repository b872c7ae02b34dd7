"""Writes: doors, slots, runs, documents, webhooks."""

from apps.sync.actions.connections import (
    change_store,
    connect,
    disconnect,
    follow_sites,
    keep_to,
    off_board,
    open_store,
    pause,
    resume,
    take_back,
)
from apps.sync.actions.credentials import rewrap
from apps.sync.actions.pulling import run
from apps.sync.actions.replaying import OVER, drop, replay, replay_many
from apps.sync.actions.slots import open_slots, pull, ring_due
from apps.sync.actions.webhooks import EVENTS, emit

__all__ = [
    "EVENTS",
    "OVER",
    "change_store",
    "connect",
    "disconnect",
    "drop",
    "emit",
    "follow_sites",
    "keep_to",
    "off_board",
    "open_slots",
    "open_store",
    "pause",
    "pull",
    "replay",
    "replay_many",
    "resume",
    "rewrap",
    "ring_due",
    "run",
    "take_back",
]
