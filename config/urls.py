"""All addresses. First words listed in core.middleware.RESERVED are never an agency."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
