"""Whoever imports this has all that the web server reads before it answers.

A web server reads it when it starts, and its templates when it first renders them.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import uvicorn
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines

uvicorn.Config("config.asgi:application", log_config=None).load()
import_module(settings.ROOT_URLCONF)
for engine in engines.all():
    for folder in engine.template_dirs:
        for path in Path(folder).rglob("*.html"):
            # Some are parts of others, or written for another engine.
            with suppress(TemplateSyntaxError, TemplateDoesNotExist):
                engine.get_template(str(path.relative_to(folder)))
