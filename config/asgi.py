"""The entry of HTTP."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import http_entry

application = http_entry.application()
