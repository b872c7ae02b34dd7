import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from apps.core.checks import problems  # noqa: E402 - needs the loaded apps

if found := problems():
    raise SystemExit("\n".join(f"{e.id}: {e.msg}. {e.hint or ''}" for e in found))
