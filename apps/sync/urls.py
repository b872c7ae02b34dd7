"""Addresses of connections, runs, documents and webhooks."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
