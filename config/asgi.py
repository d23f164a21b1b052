"""The entry of HTTP and WebSocket."""

import os

from channels.routing import ProtocolTypeRouter
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import celery, http_entry, open_files

# Celery's idea of the current application is one thread's alone; requests are answered on many.
celery.app.set_default()
open_files.allow_many()
application = ProtocolTypeRouter(
    {
        "http": http_entry.application(),
        # Uses the models, which are there from now on.
        "websocket": import_string("integrations_health.routing.application"),
    }
)
