from django.apps import AppConfig, apps
from django.db import connections
from django.db.models import Model
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.timezone import localdate

from apps.core import partitions


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        autodiscover_modules("metrics", "findings", "loaders", "jobs", "palette", "columns", "checks")
        post_migrate.connect(open_the_house, sender=self)


def open_the_house(using: str, **kwargs: object) -> None:
    """After a migration, as the owner: monthly partitions, then what each serving role may do."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE tablename = 'core_entry'")
        if cursor.fetchone() != (True,):  # e.g. the flush after a transactional test, which the app does
            return
    for table in partitions.partitioned_tables(connection):
        partitions.extend(table, today=localdate(), connection=connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'storewright\\_%%'")
        if cursor.fetchone()[0] >= 4:
            cursor.execute(grants())


def grants() -> str:
    """Everything for `app` and `platform` but the ledger's past and the partitions themselves; for `portal` what
    a model's `portal_may` says."""
    sql = [
        "GRANT USAGE ON SCHEMA public TO storewright_app, storewright_portal, storewright_platform",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO storewright_app, storewright_platform",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO storewright_app, storewright_portal, storewright_platform",
        "REVOKE UPDATE, DELETE, TRUNCATE ON core_entry FROM storewright_app, storewright_platform",
        """DO $$ DECLARE child text; BEGIN
           FOR child IN SELECT inhrelid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                        WHERE c.relkind = 'r' LOOP
             EXECUTE format('REVOKE ALL ON %s FROM storewright_app, storewright_portal', child);
           END LOOP; END $$""",
    ]
    for model in apps.get_models(include_auto_created=True):
        if verbs := getattr(model, "portal_may", ()):
            sql.append(f"REVOKE ALL ON {model._meta.db_table} FROM storewright_portal")
            sql += [f"GRANT {verb}{_columns(model)} ON {model._meta.db_table} TO storewright_portal" for verb in verbs]
    return ";\n".join(sql)


def _columns(model: type[Model]) -> str:
    """All of them, or those that the model does not hide from the portal."""
    hidden = getattr(model, "portal_hides", ())
    shown = [field.column for field in model._meta.local_concrete_fields if field.name not in hidden]
    return f" ({', '.join(shown)})" if hidden else ""
