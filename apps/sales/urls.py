"""Addresses of orders, sales and costs."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
