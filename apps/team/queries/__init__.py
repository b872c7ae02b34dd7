"""Reads of the inbox, the ledger and the overview."""
