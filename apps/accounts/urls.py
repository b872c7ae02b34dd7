"""Addresses of people, agencies, stores and settings."""

from django.urls import URLPattern, URLResolver

staff: list[URLPattern | URLResolver] = []
