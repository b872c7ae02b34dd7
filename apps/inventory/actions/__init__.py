"""Writes: the read model, its lines, policies and plans."""

from apps.inventory.actions.attention import STALE_AFTER, refresh_findings
from apps.inventory.actions.lines import assign, edit_quantity, set_mode, snooze
from apps.inventory.actions.plans import Conflict, NotAllowed, PlanError, Turn, create_plans
from apps.inventory.actions.policies import save_policy
from apps.inventory.actions.recompute import Recomputed, recompute_store

__all__ = [
    "STALE_AFTER",
    "Conflict",
    "NotAllowed",
    "PlanError",
    "Recomputed",
    "Turn",
    "assign",
    "create_plans",
    "edit_quantity",
    "recompute_store",
    "refresh_findings",
    "save_policy",
    "set_mode",
    "snooze",
]
