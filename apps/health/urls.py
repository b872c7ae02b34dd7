"""Addresses of account health."""

from django.urls import URLPattern, URLResolver, path

from apps.health.portal import health as client_health
from apps.health.portal import papers as client_papers
from apps.health.views import (
    alert_channels,
    alert_rules,
    alerts,
    board,
    coverage,
    crises,
    figures,
    method,
    notices,
    paper_rules,
    papers,
    products,
    site,
    work,
)

HEALTH = "stores/<slug:store>/health/"
DEFECT = f"{HEALTH}defects/<str:number>/<slug:kind>/"
NOTICE = "health/notices/<uuid:pk>/"

STORE = "stores/<slug:store>/papers/"
PAPER = f"{STORE}<uuid:pk>/"
COVER = f"{STORE}coverage/<str:site>/<path:sku>/"

staff: list[URLPattern | URLResolver] = []
portal: list[URLPattern | URLResolver] = []

# Account health. Lists stand twice: for all stores, and below one store; `reverse` finds the right one by its arguments.
staff += [
    path("health/", board.board, name="health"),
    path("health/export/", board.export, name="health-export"),
    path("health/method/", method.method, name="health-method"),
    path("health/method/csat/", figures.terms, name="health-csat"),
    path(HEALTH, site.store, name="health"),
    path(f"{HEALTH}figures/enter/", figures.enter, name="health-figure-enter"),
    path(f"{HEALTH}figures/drop/", figures.drop, name="health-figure-drop"),
    *(
        path(f"{before}{name}/{what}", view, name=f"health-{name}{suffix}")
        for before in ("health/", HEALTH)
        for name, what, view, suffix in (
            ("defects", "", work.defects, ""),
            ("defects", "act/", work.defects_act, "-act"),
            ("defects", "export/", work.defects_export, "-export"),
            ("notices", "", work.notices, ""),
            ("notices", "act/", work.notices_act, "-act"),
            ("notices", "export/", work.notices_export, "-export"),
        )
    ),
    path(DEFECT, work.defect, name="health-defect"),
    path(f"{DEFECT}save/", work.defect_save, name="health-defect-save"),
    path("health/notices/new/", notices.new, name="notice-new"),
    path("health/notices/import/", notices.bring, name="notice-import"),
    path("health/notices/import/<uuid:pk>/", notices.brought, name="notice-import-one"),
    path("health/notices/import/<uuid:pk>/discard/", notices.discard, name="notice-import-discard"),
    path(f"{NOTICE}file/", notices.original, name="notice-file"),
    path(NOTICE, work.notice, name="health-notice"),
    path(f"{NOTICE}save/", work.notice_save, name="health-notice-save"),
]
portal += [path("health/", client_health.health, name="portal-health")]

# Compliance. A list stands twice: for all stores, and below one store.
staff += [
    path("papers/", coverage.papers, name="papers"),
    path("papers/recalculate/", coverage.recalculate, name="paper-recalculate"),
    path("papers/list/", papers.papers, name="paper-list"),
    path("papers/new/", papers.new, name="paper-new"),
    path("papers/requirements/", paper_rules.rules, name="paper-rules"),
    path("papers/requirements/rule/", paper_rules.save_rule, name="paper-rule-save"),
    path("papers/requirements/switch/", paper_rules.switch, name="paper-rule-switch"),
    path("papers/requirements/kind/", paper_rules.save_kind, name="paper-kind-save"),
    path("papers/requirements/trait/", paper_rules.save_trait, name="paper-trait-save"),
    path("papers/products/", products.products, name="paper-products"),
    path("papers/products/act/", products.act, name="paper-products-act"),
    path("papers/requirements/category/", paper_rules.save_category, name="paper-category-save"),
    path("papers/waivers/<uuid:pk>/", coverage.decide_waiver, name="paper-waiver-decide"),
    path(STORE, coverage.papers, name="store-papers"),
    path(STORE, coverage.papers, name="papers"),
    path(f"{STORE}recalculate/", coverage.recalculate, name="paper-recalculate"),
    path(f"{STORE}list/", papers.papers, name="store-paper-list"),
    path(f"{STORE}list/", papers.papers, name="paper-list"),
    path(f"{STORE}products/", products.products, name="paper-products"),
    path(f"{STORE}products/act/", products.act, name="paper-products-act"),
    path(f"{STORE}new/", papers.new, name="paper-new"),
    path(f"{STORE}ask/", papers.ask, name="paper-ask"),
    path(f"{STORE}asked/<uuid:pk>/cancel/", papers.unask, name="paper-unask"),
    path(PAPER, papers.paper, name="paper"),
    path(f"{PAPER}edit/", papers.edit, name="paper-edit"),
    path(f"{PAPER}files/", papers.add_file, name="paper-file-add"),
    path(f"{STORE}files/<uuid:pk>/", papers.file, name="paper-file"),
    path(f"{PAPER}step/<slug:step>/", papers.step, name="paper-step"),
    path(f"{COVER}waive/", coverage.waive, name="paper-waive"),
    path(f"{COVER}traits/", coverage.traits, name="paper-traits"),
    path(f"{COVER}pack/", coverage.pack, name="paper-pack"),
    path(COVER, coverage.cell, name="paper-cell"),
]
portal += [
    path("papers/", client_papers.papers, name="portal-papers"),
    path("papers/new/", client_papers.upload, name="portal-paper-upload"),
    path("papers/files/<uuid:pk>/", client_papers.file, name="portal-paper-file"),
]

# Alerts. A list stands twice: for all stores, and below one store.
staff += [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/act/", alerts.act_many, name="alerts-act"),
    path("alerts/export/", alerts.export, name="alerts-export"),
    path("stores/<slug:store>/alerts/", alerts.alerts, name="alerts"),
    path("stores/<slug:store>/alerts/act/", alerts.act_many, name="alerts-act"),
    path("stores/<slug:store>/alerts/export/", alerts.export, name="alerts-export"),
    path("alerts/rules/", alert_rules.rules, name="alert-rules"),
    path("alerts/rules/new/", alert_rules.rule_new, name="alert-rule-new"),
    path("alerts/rules/<uuid:pk>/", alert_rules.rule, name="alert-rule"),
    path("alerts/rules/<uuid:pk>/<slug:what>/", alert_rules.rule_act, name="alert-rule-act"),
    path("alerts/channels/", alert_channels.channels, name="alert-channels"),
    path("alerts/channels/new/", alert_channels.channel_new, name="alert-channel-new"),
    path("alerts/channels/<uuid:pk>/", alert_channels.channel, name="alert-channel"),
    path("alerts/channels/<uuid:pk>/<slug:what>/", alert_channels.channel_act, name="alert-channel-act"),
    path("alerts/messages/<uuid:pk>/again/", alert_channels.message_again, name="alert-message-again"),
    path("alerts/hours/", alert_channels.hours, name="alert-hours"),
    path("alerts/<int:number>/", alerts.incident, name="alert"),
    path("alerts/<int:number>/act/", alerts.act, name="alert-act"),
    path("crises/", crises.crises, name="crises"),
    path("stores/<slug:store>/crises/", crises.crises, name="crises"),
    path("crises/start/", crises.start, name="crisis-start"),
    path("crises/<int:number>/", crises.crisis, name="crisis"),
    path("crises/<int:number>/<slug:what>/", crises.act, name="crisis-act"),
    path("crises/steps/<uuid:pk>/", crises.step, name="crisis-step"),
    path("crises/steps/<uuid:pk>/<int:place>/", crises.proof, name="crisis-proof"),
    path("playbooks/<uuid:pk>/", crises.playbook, name="playbook"),
]
