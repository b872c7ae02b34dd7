-- Per database, by superuser: extensions, and what the serving roles may do with tables the owner will make.
-- Finer grants (what the portal may read, what nobody may update) come with the migrations of each table.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS unaccent;
GRANT USAGE ON SCHEMA public TO storewright_app, storewright_portal, storewright_platform;
GRANT CREATE, USAGE ON SCHEMA public TO storewright_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE storewright_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO storewright_app, storewright_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE storewright_owner
    GRANT USAGE, SELECT ON SEQUENCES TO storewright_app, storewright_portal, storewright_platform;
