"""The table of tests/house/test_matrix.py: every address of ours, what it needs, what it is about.

A row is written by hand, next to the view's own `permissions`: the two must say the same. An address without a row
fails the test, and so does a row without an address.
"""

from dataclasses import dataclass, field

from apps.core.permissions import Permission as P

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")


@dataclass(frozen=True)
class Row:
    """`thing` names what the address is about (test_matrix.Goods); `also` are more answers a holder may get."""

    needs: tuple[P, ...] | str
    methods: tuple[str, ...] = GET
    thing: str = ""
    words: dict[str, str] = field(default_factory=dict)
    also: tuple[int, ...] = ()


def row(*needs: P, methods: tuple[str, ...] = GET, thing: str = "", also: tuple[int, ...] = (), **words: str) -> Row:
    return Row(needs, methods, thing, words, also)


def act(*needs: P, thing: str = "", also: tuple[int, ...] = (), **words: str) -> Row:
    return row(*needs, methods=POST, thing=thing, also=also, **words)


# No agency in the address.
DOORS = {
    "home": Row("public"),
    "me": Row("signed in", BOTH),
    "me-preferences": Row("public", POST),
    "me-sessions-end": Row("signed in", POST),
    "me-session-end": Row("signed in", POST, "session"),
    "invitation": Row("public", BOTH, words={"token": "nobody-was-ever-given-this"}, also=(404,)),
    "healthz": Row("public"),
    "api-docs": Row("public"),
    "api-schema": Row("public"),
    "readyz": Row("public", also=(503,)),  # the test's own role may not see what a migration left behind
    "consent-back": Row("signed in", also=(404,)),  # there is no page without Amazon's signed state
}

PORTAL = {
    "portal-papers": row(P.PORTAL_VIEW),
    "portal-paper-upload": row(P.PORTAL_UPLOAD, methods=BOTH),
    "portal-paper-file": row(P.PORTAL_VIEW, thing="paper_file"),
    "portal-uploads": row(P.PORTAL_UPLOAD, methods=BOTH),
    "portal": row(P.PORTAL_VIEW, methods=BOTH),
    "portal-health": row(P.PORTAL_VIEW),
    "portal-changes": row(P.PORTAL_VIEW, methods=BOTH),
    "portal-logo": row(P.PORTAL_VIEW, also=(404,)),  # there is none
    "portal-sales": row(P.PORTAL_VIEW, methods=BOTH),
    "portal-replenishment": row(P.PORTAL_VIEW, methods=BOTH),
    "portal-plans": row(P.PORTAL_VIEW, methods=BOTH),
    "portal-plan": row(P.PORTAL_VIEW, methods=BOTH, thing="asked_plan"),
    "portal-plan-decide": act(P.PORTAL_APPROVE, thing="asked_plan"),
    "portal-plan-document": row(P.PORTAL_VIEW, methods=BOTH, thing="asked_plan"),
}

STAFF = {
    "palette": row(P.OVERVIEW_VIEW),
    "jobs": row(P.OVERVIEW_VIEW),
    "job-tray": row(P.OVERVIEW_VIEW),
    "job": row(P.OVERVIEW_VIEW, thing="job"),
    "job-cancel": act(P.OVERVIEW_VIEW, thing="job"),
    "job-file": row(P.EXPORT, thing="job"),
    "saved-views": row(P.OVERVIEW_VIEW),
    "saved-view-save": act(P.OVERVIEW_VIEW),
    "saved-view-share": act(P.OVERVIEW_VIEW, thing="view"),
    "saved-view-delete": act(P.OVERVIEW_VIEW, thing="view"),
    "settings": row(P.SETTINGS_VIEW),
    "settings-members": row(P.SETTINGS_VIEW),
    "settings-member": row(P.SETTINGS_VIEW, thing="member"),
    "settings-member-save": act(P.MEMBERS_EDIT, thing="member"),
    "settings-member-deactivate": act(P.MEMBERS_EDIT, thing="member"),
    "settings-member-reactivate": act(P.MEMBERS_EDIT, thing="member"),
    "settings-invitations": row(P.SETTINGS_VIEW),
    "settings-invite": act(P.MEMBERS_EDIT),
    "settings-invitation-resend": act(P.MEMBERS_EDIT, thing="invitation"),
    "settings-invitation-revoke": act(P.MEMBERS_EDIT, thing="invitation"),
    "settings-roles": row(P.SETTINGS_VIEW),
    "settings-limits-save": act(P.SETTINGS_EDIT),
    "settings-thresholds": row(P.SETTINGS_VIEW),
    "settings-threshold-save": act(P.SETTINGS_EDIT),
    "settings-threshold-delete": act(P.SETTINGS_EDIT, thing="threshold"),
    "settings-keys": row(P.SETTINGS_VIEW),
    "settings-key-create": act(P.KEYS_EDIT),
    "settings-key-rotate": act(P.KEYS_EDIT, thing="key"),
    "settings-key-revoke": act(P.KEYS_EDIT, thing="key"),
    "settings-currency": row(P.SETTINGS_VIEW),
    "settings-currency-save": act(P.CURRENCY_EDIT),
    "settings-clients": row(P.SETTINGS_VIEW),
    "settings-client-create": act(P.STORES_EDIT),
    "settings-client": row(P.SETTINGS_VIEW, thing="client"),
    "settings-client-save": act(P.STORES_EDIT, thing="client"),
    "settings-client-delete": act(P.STORES_EDIT, thing="client"),
    "settings-brand": row(P.SETTINGS_VIEW),
    "settings-logo": row(P.SETTINGS_VIEW, also=(404,)),  # there is none
    "settings-brand-save": act(P.SETTINGS_EDIT),
    "settings-security": row(P.SETTINGS_VIEW),
    "settings-security-save": act(P.SETTINGS_EDIT),
    "settings-access-review": act(P.MEMBERS_EDIT),
    "stores": row(P.STORES_VIEW),
    "store-new": row(P.STORES_EDIT, methods=BOTH),
    "connections": row(P.STORES_VIEW),
    "connection-consent": act(P.STORES_EDIT),
    "consent-done": row(P.STORES_EDIT, also=(404,)),  # there is no page without Amazon's signed state
    "connection-new": act(P.STORES_EDIT, kind="sp_api"),
    "connection-turn": act(P.STORES_EDIT, thing="connection", what="pause"),
    "store-off-board": act(P.STORES_EDIT),
    "sync": row(P.SYNC_VIEW),
    "stream": row(P.SYNC_VIEW, thing="stream"),
    "stream-pull": act(P.SYNC_RETRY, thing="stream"),
    "run": row(P.SYNC_VIEW, thing="run"),
    "run-replay": act(P.SYNC_RETRY, thing="run"),
    "sync-dead-letters": row(P.SYNC_VIEW),
    "sync-dead-letters-act": act(P.SYNC_RETRY),
    "sync-documents": row(P.SYNC_VIEW),
    "document-file": row(P.SYNC_VIEW, thing="document"),
    "sync-imports": row(P.SYNC_VIEW),
    "import-new": act(P.IMPORT, P.IMPORT_COSTS),
    "import": row(P.IMPORT, P.IMPORT_COSTS, methods=BOTH, thing="document"),
    "import-discard": act(P.IMPORT, P.IMPORT_COSTS, thing="document"),
    "settings-webhooks": row(P.KEYS_EDIT),
    "settings-webhook-new": act(P.KEYS_EDIT),
    "settings-webhook": row(P.KEYS_EDIT, methods=BOTH, thing="webhook"),
    "settings-webhook-act": act(P.KEYS_EDIT, thing="webhook", what="pause"),
    "delivery-replay": act(P.KEYS_EDIT, thing="delivery"),
    "health": row(P.HEALTH_VIEW),
    "health-export": act(P.HEALTH_VIEW),
    "health-method": row(P.HEALTH_VIEW),
    "health-defects": row(P.HEALTH_VIEW),
    "health-defects-act": act(P.HEALTH_EDIT),
    "health-defects-export": act(P.HEALTH_VIEW),
    "health-notices": row(P.HEALTH_VIEW),
    "health-notices-act": act(P.HEALTH_EDIT),
    "health-notices-export": act(P.HEALTH_VIEW),
    "health-defect": row(P.HEALTH_VIEW, thing="defect", kind="claim"),
    "health-defect-save": act(P.HEALTH_EDIT, thing="defect", kind="claim"),
    "health-notice": row(P.HEALTH_VIEW, thing="notice"),
    "health-notice-save": act(P.HEALTH_EDIT, thing="notice"),
    "products": row(P.PRODUCTS_VIEW),
    "products-act": act(P.STOCK_EDIT),
    "products-export": act(P.EXPORT),
    "product": row(P.PRODUCTS_VIEW),
    "product-edit": act(P.STOCK_EDIT),
    "product-cell": row(P.STOCK_EDIT, methods=BOTH, field="moq"),
    "orders": row(P.ORDERS_VIEW),
    "orders-export": act(P.ORDERS_VIEW),
    "order": row(P.ORDERS_VIEW, thing="order"),
    "costs": row(P.COST_VIEW),
    "costs-act": act(P.COST_EDIT),
    "costs-export": act(P.COST_VIEW),
    "cost": row(P.COST_VIEW),
    "cost-new": row(P.COST_EDIT, methods=BOTH),
    "cost-cell": row(P.COST_EDIT, methods=BOTH),
    "cost-edit": act(P.COST_EDIT),
    "cost-drop": act(P.COST_EDIT),
    "replenishment": row(P.PLAN_VIEW, methods=BOTH),
    "replenishment-act": act(P.PLAN_EDIT),
    "replenishment-recalculate": act(P.PLAN_EDIT),
    "replenishment-export": act(P.EXPORT),
    "replenishment-policies": row(P.PLAN_VIEW, methods=BOTH),
    "store-replenishment": row(P.PLAN_VIEW, methods=BOTH),
    "replenishment-quantity": row(P.PLAN_EDIT, methods=BOTH),
    "replenishment-policy": act(P.POLICY_EDIT),
    "replenishment-line": row(P.PLAN_VIEW, methods=BOTH),
    "arrivals": row(P.PLAN_VIEW),
    "plan-line-split": row(P.PLAN_EDIT, methods=BOTH, thing="plan_line"),
    "plans": row(P.PLAN_VIEW, methods=BOTH),
    "plan": row(P.PLAN_VIEW, methods=BOTH, thing="plan"),
    "plan-edit": act(P.PLAN_EDIT, thing="plan"),
    "plan-receive": act(P.PLAN_EDIT, thing="plan"),
    "plan-document": row(P.PLAN_VIEW, methods=BOTH, thing="plan"),
    "plan-file": row(P.EXPORT, methods=BOTH, thing="plan", kind="csv"),
    "plan-step": act(P.PLAN_SUBMIT, P.PLAN_APPROVE, P.PLAN_EDIT, thing="plan", step="submit"),
    "papers": row(P.PAPERS_VIEW),
    "store-papers": row(P.PAPERS_VIEW),
    "paper-list": row(P.PAPERS_VIEW),
    "store-paper-list": row(P.PAPERS_VIEW),
    "paper-recalculate": act(P.PAPERS_EDIT),
    "paper-new": row(P.PAPERS_EDIT, methods=BOTH),
    "paper-ask": row(P.PAPERS_EDIT, methods=BOTH),
    "paper-unask": act(P.PAPERS_EDIT, thing="asked_paper"),
    "paper": row(P.PAPERS_VIEW, thing="paper"),
    "paper-edit": act(P.PAPERS_EDIT, thing="paper"),
    "paper-file-add": act(P.PAPERS_EDIT, thing="paper"),
    "paper-file": row(P.PAPERS_VIEW, thing="paper_file"),
    "paper-step": act(P.PAPERS_EDIT, P.PAPERS_REVIEW, thing="paper", step="submit"),
    "paper-cell": row(P.PAPERS_VIEW),
    "paper-waive": act(P.PAPERS_EDIT),
    "paper-traits": act(P.PAPERS_EDIT),
    "paper-pack": row(P.PAPERS_VIEW),
    "paper-waiver-decide": act(P.PAPERS_REVIEW, thing="waiver"),
    "paper-rules": row(P.PAPERS_VIEW),
    "paper-rule-save": act(P.PAPERS_REVIEW),
    "paper-rule-switch": act(P.PAPERS_REVIEW),
    "paper-kind-save": act(P.PAPERS_REVIEW),
    "paper-trait-save": act(P.PAPERS_REVIEW),
    "paper-products": row(P.PAPERS_VIEW),
    "paper-products-act": act(P.PAPERS_EDIT),
    "paper-category-save": act(P.PAPERS_EDIT),
    "alerts": row(P.HEALTH_VIEW),
    "alerts-act": act(P.HEALTH_EDIT),
    "alerts-export": act(P.HEALTH_VIEW),
    "alert": row(P.HEALTH_VIEW, thing="incident"),
    "alert-act": act(P.HEALTH_EDIT, thing="incident"),
    "alert-rules": row(P.HEALTH_VIEW),
    "alert-rule-new": row(P.ALERT_RULES, methods=BOTH),
    "alert-rule": row(P.ALERT_RULES, methods=BOTH, thing="alert_rule"),
    "alert-rule-act": act(P.ALERT_RULES, thing="alert_rule", what="off"),
    "alert-channels": row(P.HEALTH_VIEW),
    "alert-channel-new": act(P.ALERT_RULES),
    "alert-channel": row(P.ALERT_RULES, methods=BOTH, thing="alert_channel"),
    "alert-channel-act": act(P.ALERT_RULES, thing="alert_channel", what="remove"),
    "alert-message-again": act(P.ALERT_RULES, thing="alert_message"),
    "alert-hours": act(P.HEALTH_VIEW),
    "crises": row(P.HEALTH_VIEW),
    "crisis-start": act(P.HEALTH_EDIT),
    "crisis": row(P.HEALTH_VIEW, thing="crisis"),
    "crisis-act": act(P.HEALTH_EDIT, thing="crisis", what="plan"),
    "crisis-step": act(P.HEALTH_EDIT, thing="crisis_step"),
    "crisis-proof": row(P.HEALTH_VIEW, thing="crisis_step"),
    "playbook": row(P.ALERT_RULES, methods=BOTH, thing="playbook"),
    "overview": row(P.OVERVIEW_VIEW, methods=BOTH),
    "store": row(P.OVERVIEW_VIEW, methods=BOTH),
    "inbox": row(P.INBOX_VIEW, methods=BOTH),
    "inbox-act": act(P.INBOX_WORK),
    "changes": row(P.CHANGES_VIEW, methods=BOTH),
    "changes-verify": row(P.CHANGES_VIEW, methods=BOTH),
    "changes-undo": act(P.CHANGES_UNDO, P.INBOX_WORK, P.COST_EDIT),
}


@dataclass(frozen=True)
class Call:
    """An address of the API: {method: permission}."""

    needs: dict[str, P]
    thing: str = ""


API = {
    "api-stores": Call({"GET": P.STORES_VIEW}),
    "api-store": Call({"GET": P.STORES_VIEW}),
    "api-products": Call({"GET": P.PRODUCTS_VIEW}),
    "api-product": Call({"GET": P.PRODUCTS_VIEW, "PATCH": P.STOCK_EDIT}),
    "api-stock": Call({"GET": P.STOCK_VIEW}),
    "api-own-stock": Call({"GET": P.STOCK_VIEW, "PUT": P.STOCK_EDIT}),
    "api-costs": Call({"GET": P.COST_VIEW, "PUT": P.COST_EDIT}),
    "api-orders": Call({"GET": P.ORDERS_VIEW}),
    "api-plan-lines": Call({"GET": P.PLAN_VIEW}),
    "api-plan-line": Call({"GET": P.PLAN_VIEW}, "plan_line"),
    "api-health": Call({"GET": P.HEALTH_VIEW}),
    "api-incidents": Call({"GET": P.HEALTH_VIEW}),
    "api-incident": Call({"GET": P.HEALTH_VIEW, "PATCH": P.HEALTH_EDIT}, "incident"),
    "api-defects": Call({"GET": P.HEALTH_VIEW}),
    "api-notices": Call({"GET": P.HEALTH_VIEW}),
    "api-notifications": Call({"POST": P.HEALTH_EDIT}),
    "api-documents": Call({"GET": P.SYNC_VIEW, "POST": P.IMPORT}),
    "api-document": Call({"GET": P.SYNC_VIEW}, "document"),
    "api-runs": Call({"GET": P.SYNC_VIEW}),
    "api-run": Call({"GET": P.SYNC_VIEW}, "run"),
    "api-papers": Call({"GET": P.PAPERS_VIEW, "POST": P.PAPERS_EDIT}),
    "api-paper": Call({"GET": P.PAPERS_VIEW, "PATCH": P.PAPERS_EDIT}, "paper"),
    "api-paper-files": Call({"POST": P.PAPERS_EDIT}, "paper"),
    "api-paper-steps": Call({"POST": P.PAPERS_EDIT}, "paper"),
    "api-paper-review": Call({"POST": P.PAPERS_REVIEW}, "paper"),
    "api-paper-file": Call({"GET": P.PAPERS_VIEW}, "paper_file"),
    "api-paper-kinds": Call({"GET": P.PAPERS_VIEW}),
    "api-paper-traits": Call({"GET": P.PAPERS_VIEW}),
    "api-paper-requests": Call({"GET": P.PAPERS_VIEW, "POST": P.PAPERS_EDIT}),
    "api-paper-request": Call({"GET": P.PAPERS_VIEW}, "asked_paper"),
    "api-paper-request-cancel": Call({"POST": P.PAPERS_EDIT}, "asked_paper"),
    "api-paper-waivers": Call({"GET": P.PAPERS_VIEW, "POST": P.PAPERS_EDIT}),
    "api-paper-waiver": Call({"GET": P.PAPERS_VIEW}, "waiver"),
    "api-paper-waiver-decide": Call({"POST": P.PAPERS_REVIEW}, "waiver"),
    "api-sku-traits": Call({"GET": P.PAPERS_VIEW, "PUT": P.PAPERS_EDIT}),
    "api-coverage": Call({"GET": P.PAPERS_VIEW}),
    "api-coverage-of": Call({"GET": P.PAPERS_VIEW}),
    "api-changes": Call({"GET": P.CHANGES_VIEW}),
    "api-change": Call({"GET": P.CHANGES_VIEW}, "entry"),
}

# Whose a thing is. The rest belongs to the agency as a whole.
OF_A_STORE = {
    "crisis",
    "crisis_step",
    "asked_paper",
    "asked_plan",
    "connection",
    "defect",
    "document",
    "entry",
    "notice",
    "incident",
    "paper",
    "paper_file",
    "plan",
    "plan_line",
    "run",
    "stream",
    "waiver",
}
OF_A_MEMBER = {"job", "view"}

# Addresses of libraries, which bring guards of their own. allauth's pages anybody may open:
OPEN = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_email_verification_sent",
    "account_reset_password", "account_confirm_login_code", "account_confirm_email",
    "account_reset_password_from_key_done", "account_reset_password_from_key", "account_reset_password_done",
    "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
