"""Addresses of account health."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
