#!/usr/bin/env python
"""Run one of the project's commands."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(
            f"{error}. The virtual environment is missing or not active: "
            "type `make run` once, then `.venv/bin/python manage.py ...`."
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
