"""Addresses of products and listings."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
