-- The four roles. Superuser runs this once per cluster, again and again without harm. Passwords are not set here.
--   storewright_owner     owns the tables and migrates them
--   storewright_app       serves; owns nothing, bypasses nothing
--   storewright_portal    serves client sellers: the app steps down to it with SET LOCAL ROLE
--   storewright_platform  the admin console only: the one role that sees every agency
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['owner', 'app', 'portal', 'platform'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'storewright_' || role) THEN
            EXECUTE format('CREATE ROLE %I', 'storewright_' || role);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE storewright_owner LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
ALTER ROLE storewright_app LOGIN NOINHERIT NOCREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
ALTER ROLE storewright_portal NOLOGIN NOCREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
ALTER ROLE storewright_platform LOGIN NOCREATEDB NOSUPERUSER BYPASSRLS NOCREATEROLE;
-- The app never has the portal's rights (nor the portal's wall) by itself, it can only become the portal: NOINHERIT says
-- so to PostgreSQL 15, and to later ones for the grant that follows.
GRANT storewright_portal TO storewright_app;
