"""Runs the product on a machine that has nothing but Python: PostgreSQL, Valkey, web, workers, beat, sandbox.

Knows nothing of the product's code: it starts programs and tells them by environment variables where things are.
Nothing of it is needed where DATABASE_URL and REDIS_URL name real servers.
"""
