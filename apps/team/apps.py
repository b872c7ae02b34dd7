from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "apps.team"
    label = "team"
    verbose_name = _("Team")

    def ready(self) -> None:
        import_module("apps.team.queries.ledger")  # workers show verbs by their names, too
