"""Reads: lines of the replenishment page, and plans."""
