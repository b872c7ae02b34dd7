"""Pages of the agency: overview, inbox, change ledger."""
