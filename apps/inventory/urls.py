"""Addresses of stock, replenishment and plans."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
