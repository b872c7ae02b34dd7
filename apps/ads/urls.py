"""Addresses of advertising."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
