"""Arithmetic of sales: no Django, no clock, no disk."""
