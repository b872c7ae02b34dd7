"""Addresses of the overview, the inbox and the change ledger."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
