"""Pages of stores, sync, imports and webhooks."""
