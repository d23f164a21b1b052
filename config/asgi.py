"""The entry of HTTP."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import celery, http_entry

# Celery's idea of the current application is one thread's alone; requests are answered on many.
celery.app.set_default()
application = http_entry.application()
