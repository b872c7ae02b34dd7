"""Addresses of the kernel's own pages."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
