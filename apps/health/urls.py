"""Addresses of account health."""

from django.urls import URLPattern, URLResolver, path

from apps.health.portal import papers as client_papers
from apps.health.views import coverage, paper_rules, papers

STORE = "stores/<slug:store>/papers/"
PAPER = f"{STORE}<uuid:pk>/"
COVER = f"{STORE}coverage/<str:site>/<path:sku>/"

staff: list[URLPattern | URLResolver] = []
portal: list[URLPattern | URLResolver] = []

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
    path("papers/requirements/category/", paper_rules.save_category, name="paper-category-save"),
    path("papers/waivers/<uuid:pk>/", coverage.decide_waiver, name="paper-waiver-decide"),
    path(STORE, coverage.papers, name="store-papers"),
    path(STORE, coverage.papers, name="papers"),
    path(f"{STORE}recalculate/", coverage.recalculate, name="paper-recalculate"),
    path(f"{STORE}list/", papers.papers, name="store-paper-list"),
    path(f"{STORE}list/", papers.papers, name="paper-list"),
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
