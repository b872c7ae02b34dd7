#!/bin/sh
# Runs once, when the postgres container makes its data folder: roles, passwords, database, extensions.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -f /storewright-sql/roles.sql
psql -v ON_ERROR_STOP=1 -U postgres \
    -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" -v platform="$PLATFORM_PASSWORD" <<'SQL'
ALTER ROLE storewright_owner PASSWORD :'owner';
ALTER ROLE storewright_app PASSWORD :'app';
ALTER ROLE storewright_platform PASSWORD :'platform';
CREATE DATABASE storewright OWNER storewright_owner;
SQL
psql -v ON_ERROR_STOP=1 -U postgres -d storewright -f /storewright-sql/database.sql
