"""All addresses, gathered from the apps. First words listed in core.middleware.RESERVED are never an agency.

An app's `urls.py` may offer lists: `everyone` (no agency), `staff` (below /{agency}/), `portal` (below
/portal/{agency}/) and `development`. Views never see the `agency` part: the middleware has taken it. The REST API
is one table of its own, config/api.py.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from apps.accounts import urls as accounts
from apps.ads import urls as ads
from apps.core import urls as core
from apps.health import urls as health
from apps.inventory import urls as inventory
from apps.listings import urls as listings
from apps.sales import urls as sales
from apps.sync import urls as sync
from apps.team import urls as team

APPS = (core, accounts, sync, health, listings, sales, inventory, ads, team)


def gathered(part: str) -> list[Any]:
    """One list of all apps' addresses of one part."""
    return [each for app in APPS for each in getattr(app, part, [])]


handler400 = "apps.core.rest.not_understood"
handler404 = "apps.core.rest.not_found"
handler500 = "apps.core.rest.crashed"
urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("platform/", admin.site.urls),
    path("api/v1/", include("config.api")),
    *gathered("everyone"),
    path("portal/<slug:agency>/", include(gathered("portal"))),
    path("<slug:agency>/", include(gathered("staff"))),
]
if settings.DEBUG:
    urlpatterns = [*gathered("development"), *urlpatterns]
