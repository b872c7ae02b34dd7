"""Who may do what: two tables, read top to bottom. No other module decides this.

*Which* stores is `accounts.queries.stores_for`. *How much* (a plan's value, a bid's step) is a limit: data.
"""

from enum import StrEnum, auto

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Permission(StrEnum):
    ALL_STORES = auto()  # every store of the agency, without a grant

    OVERVIEW_VIEW = auto()
    INBOX_VIEW = auto()
    INBOX_WORK = auto()  # assign, snooze, dismiss
    CHANGES_VIEW = auto()
    CHANGES_UNDO = auto()

    STORES_VIEW = auto()
    STORES_EDIT = auto()  # add, connect, off-board
    SETTINGS_VIEW = auto()
    SETTINGS_EDIT = auto()
    MEMBERS_EDIT = auto()
    KEYS_EDIT = auto()
    CURRENCY_EDIT = auto()

    SYNC_VIEW = auto()
    SYNC_RETRY = auto()
    IMPORT = auto()  # any file
    IMPORT_COSTS = auto()  # cost and settlement files only

    PRODUCTS_VIEW = auto()
    ORDERS_VIEW = auto()
    STOCK_VIEW = auto()
    STOCK_EDIT = auto()  # own-warehouse stock, product masters
    COST_VIEW = auto()
    COST_EDIT = auto()
    PROFIT_VIEW = auto()

    PLAN_VIEW = auto()
    PLAN_EDIT = auto()
    PLAN_SUBMIT = auto()
    PLAN_APPROVE = auto()  # up to the role's limit
    POLICY_EDIT = auto()
    EXPORT = auto()

    HEALTH_VIEW = auto()
    HEALTH_EDIT = auto()  # take, note, draft, upload, do a step
    HEALTH_DECIDE = auto()  # snooze, close, confirm what another did
    ALERT_RULES = auto()  # rules, channels

    PAPERS_VIEW = auto()
    PAPERS_EDIT = auto()  # upload, draft, ask clients
    PAPERS_REVIEW = auto()  # accept papers, agree to exceptions, change requirements

    PORTAL_VIEW = auto()
    PORTAL_APPROVE = auto()
    PORTAL_UPLOAD = auto()


LABELS = {
    Permission.ALL_STORES: _("All stores, without a grant"),
    Permission.OVERVIEW_VIEW: _("See the overview"),
    Permission.INBOX_VIEW: _("See the inbox"),
    Permission.INBOX_WORK: _("Assign, snooze and dismiss items"),
    Permission.CHANGES_VIEW: _("See the change ledger"),
    Permission.CHANGES_UNDO: _("Undo changes"),
    Permission.STORES_VIEW: _("See stores and connections"),
    Permission.STORES_EDIT: _("Add, connect and off-board stores"),
    Permission.SETTINGS_VIEW: _("See settings"),
    Permission.SETTINGS_EDIT: _("Change settings"),
    Permission.MEMBERS_EDIT: _("Invite people, change roles and grants"),
    Permission.KEYS_EDIT: _("Make and revoke API keys and webhooks"),
    Permission.CURRENCY_EDIT: _("Change currency and rates"),
    Permission.SYNC_VIEW: _("See data sync"),
    Permission.SYNC_RETRY: _("Retry runs, pull ranges"),
    Permission.IMPORT: _("Import any file"),
    Permission.IMPORT_COSTS: _("Import cost files"),
    Permission.PRODUCTS_VIEW: _("See products and listings"),
    Permission.ORDERS_VIEW: _("See orders"),
    Permission.STOCK_VIEW: _("See stock"),
    Permission.STOCK_EDIT: _("Change own stock and product data"),
    Permission.COST_VIEW: _("See costs"),
    Permission.COST_EDIT: _("Change costs"),
    Permission.PROFIT_VIEW: _("See profit"),
    Permission.PLAN_VIEW: _("See replenishment and plans"),
    Permission.PLAN_EDIT: _("Edit quantities and plans"),
    Permission.PLAN_SUBMIT: _("Submit plans"),
    Permission.PLAN_APPROVE: _("Approve plans, up to the role's limit"),
    Permission.POLICY_EDIT: _("Change replenishment policies"),
    Permission.EXPORT: _("Export lists"),
    Permission.HEALTH_VIEW: _("See account health"),
    Permission.HEALTH_EDIT: _("Work on account health"),
    Permission.HEALTH_DECIDE: _("Snooze and close incidents, notices and crises; confirm steps of others"),
    Permission.PAPERS_VIEW: _("See compliance papers"),
    Permission.PAPERS_EDIT: _("Upload compliance papers"),
    Permission.PAPERS_REVIEW: _("Review compliance papers and change requirements"),
    Permission.ALERT_RULES: _("Change alert rules and channels"),
    Permission.PORTAL_VIEW: _("See the portal"),
    Permission.PORTAL_APPROVE: _("Approve in the portal"),
    Permission.PORTAL_UPLOAD: _("Hand over files in the portal"),
}


class Role(TextChoices):
    OWNER = "owner", pgettext_lazy("role", "Owner")
    MANAGER = "manager", _("Manager")
    SENIOR = "senior", _("Senior operator")
    JUNIOR = "junior", _("Junior operator")
    FINANCE = "finance", _("Finance")
    ANALYST = "analyst", _("Analyst")
    CLIENT = "client", _("Client")


STAFF_ROLES = tuple(role for role in Role if role is not Role.CLIENT)

P = Permission
_PORTAL = frozenset({P.PORTAL_VIEW, P.PORTAL_APPROVE, P.PORTAL_UPLOAD})
_READ = frozenset(
    {
        P.OVERVIEW_VIEW,
        P.INBOX_VIEW,
        P.CHANGES_VIEW,
        P.STORES_VIEW,
        P.SETTINGS_VIEW,
        P.SYNC_VIEW,
        P.PRODUCTS_VIEW,
    }
    | {P.ORDERS_VIEW, P.STOCK_VIEW, P.PLAN_VIEW, P.EXPORT}
)
_OPERATE = _READ | {
    P.INBOX_WORK,
    P.PLAN_EDIT,
    P.PLAN_SUBMIT,
    P.HEALTH_VIEW,
    P.HEALTH_EDIT,
    P.PAPERS_VIEW,
    P.PAPERS_EDIT,
    P.STOCK_EDIT,
}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission) - _PORTAL,
    Role.MANAGER: frozenset(Permission) - _PORTAL - {P.SETTINGS_EDIT, P.MEMBERS_EDIT, P.KEYS_EDIT},
    Role.SENIOR: _OPERATE
    | {
        P.PLAN_APPROVE,
        P.SYNC_RETRY,
        P.IMPORT,
        P.IMPORT_COSTS,
        P.COST_VIEW,
        P.CHANGES_UNDO,
        P.POLICY_EDIT,
        P.PAPERS_REVIEW,
        P.HEALTH_DECIDE,
        P.ALERT_RULES,
    },
    Role.JUNIOR: _OPERATE - {P.STOCK_EDIT},
    Role.FINANCE: _READ
    | {
        P.ALL_STORES,
        P.COST_VIEW,
        P.COST_EDIT,
        P.PROFIT_VIEW,
        P.CURRENCY_EDIT,
        P.IMPORT_COSTS,
    },
    Role.ANALYST: _READ | {P.ALL_STORES, P.HEALTH_VIEW, P.PAPERS_VIEW},
    Role.CLIENT: _PORTAL,
}

# What an API key may be given. A key acts as a member without a person: scopes, not a role.
# Without "stores:all" a key sees only the stores it was granted.
SCOPES: dict[str, frozenset[Permission]] = {
    "stores:all": frozenset({P.ALL_STORES}),
    "stores:read": frozenset({P.STORES_VIEW}),
    "products:read": frozenset({P.PRODUCTS_VIEW}),
    "products:write": frozenset({P.PRODUCTS_VIEW, P.STOCK_EDIT}),
    "stock:read": frozenset({P.STOCK_VIEW}),
    "stock:write": frozenset({P.STOCK_VIEW, P.STOCK_EDIT}),
    "costs:read": frozenset({P.COST_VIEW}),
    "costs:write": frozenset({P.COST_VIEW, P.COST_EDIT}),
    "orders:read": frozenset({P.ORDERS_VIEW}),
    "plans:read": frozenset({P.PLAN_VIEW}),
    "health:read": frozenset({P.HEALTH_VIEW}),
    "health:write": frozenset({P.HEALTH_VIEW, P.HEALTH_EDIT}),
    "papers:read": frozenset({P.PAPERS_VIEW}),
    "papers:write": frozenset({P.PAPERS_VIEW, P.PAPERS_EDIT}),
    "papers:review": frozenset({P.PAPERS_VIEW, P.PAPERS_REVIEW}),
    "alerts:read": frozenset({P.HEALTH_VIEW}),
    "alerts:write": frozenset({P.HEALTH_VIEW, P.HEALTH_EDIT, P.HEALTH_DECIDE}),
    "rules:read": frozenset({P.HEALTH_VIEW}),
    "rules:write": frozenset({P.HEALTH_VIEW, P.ALERT_RULES}),
    "documents:write": frozenset({P.IMPORT, P.IMPORT_COSTS, P.SYNC_VIEW}),
    "runs:read": frozenset({P.SYNC_VIEW}),
    "changes:read": frozenset({P.CHANGES_VIEW}),
}
SCOPE_LABELS = {
    "stores:all": _("All stores, also future ones"),
    "stores:read": _("Read stores"),
    "products:read": _("Read products"),
    "products:write": _("Write products"),
    "stock:read": _("Read stock"),
    "stock:write": _("Write stock of own warehouses"),
    "costs:read": _("Read unit costs"),
    "costs:write": _("Write unit costs"),
    "orders:read": _("Read orders"),
    "plans:read": _("Read plan lines"),
    "health:read": _("Read account health"),
    "health:write": _("Work on account health, bring notifications"),
    "papers:read": _("Read compliance papers and coverage"),
    "papers:write": _("Upload compliance papers"),
    "papers:review": _("Review compliance papers and exceptions"),
    "alerts:read": _("Read incidents"),
    "alerts:write": _("Work on incidents: take, assign, snooze, note"),
    "rules:read": _("Read alert rules"),
    "rules:write": _("Change alert rules"),
    "documents:write": _("Upload files"),
    "runs:read": _("Read sync runs"),
    "changes:read": _("Read the change ledger"),
}
