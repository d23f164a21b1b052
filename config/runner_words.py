"""What a newcomer is told once everything runs."""

import os
from pathlib import Path

# One password for all of the demo's end users.
SHOWN = {"user-NNN": "user-001 to user-012"}


def welcome(var: Path, *, host: str, port: int, is_demo: bool) -> str:
    """Return where to look, who signs in, and what to type next."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host
    signing_in = (
        _credentials(var / "credentials.txt")
        if is_demo
        else "  nobody yet: .venv/bin/python manage.py createsuperuser"
    )
    watched = (
        "No provider key is set, so this is a demo: a simulator plays Composio, Klavis and some\n"
        "plain MCP servers, with a dozen people and every kind of fault. Set COMPOSIO_API_KEY or\n"
        "KLAVIS_API_KEY (here or in .env) to watch real accounts: the demo's data stays apart."
        if is_demo
        else "The connections of your provider accounts are read now and checked at once."
    )
    return f"""
Integration Health is running.

  http://{shown}:{port}/          what works and what does not, for who signs in
  http://{shown}:{port}/admin/    what is watched, how it is, and why
  http://{shown}:{port}/readyz    whether the monitor itself is well
  http://{shown}:{port}/metrics   for Prometheus, with the METRICS_TOKEN of {var / "secrets.env"}

{watched}

Who signs in:
{signing_in}

Next, in another terminal:
  .venv/bin/python manage.py health_summary        how many are how, and why
  .venv/bin/python manage.py check_now ID          check one now, and see the evidence
  .venv/bin/python manage.py import_integrations FILE
  .venv/bin/python manage.py sync_integrations

{_mail(var)}

Ctrl-C stops everything; the data stays in {var}.
"""


def _mail(var: Path) -> str:
    if os.environ.get("EMAIL_URL"):
        return "Mails go out by the server in EMAIL_URL."
    return f"Mails are written to {var / 'mail'}: set EMAIL_URL to send them."


def _credentials(path: Path) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return f"  see {path}"
    accounts = [line.split() for line in lines if line and not line.startswith("#")]
    return "\n".join(
        f"  {SHOWN.get(name, name):<20} {password}"
        for name, password in (a for a in accounts if len(a) == 2)
    )
