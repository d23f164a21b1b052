#!/usr/bin/env python
"""Run one of the project's commands."""

import os
import sys


def main() -> None:
    """Hand the command line to Django; what is missing is said in one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import OperationalError, ProgrammingError
    except ImportError as error:
        sys.exit(
            f"{error}. The virtual environment is missing or not active: "
            "type `make run` once, then `.venv/bin/python manage.py ...`."
        )
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        sys.exit(
            f"PostgreSQL does not answer ({_first_line(error)}). Start the product with `make run` "
            "in another terminal, or mend DATABASE_URL."
        )
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != "42P01":  # undefined table
            raise
        sys.exit(f"The database has no tables ({_first_line(error)}): type `manage.py migrate`.")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


if __name__ == "__main__":
    main()
