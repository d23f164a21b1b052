"""manage.py sync_integrations: watch every connection that the providers know."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from integrations_health import discovery, registry
from integrations_health.fields import UnreadableSecret
from integrations_health.providers.base import Failure
from integrations_health.redaction import redact


class Command(BaseCommand):
    """Discover connections at the providers and register them."""

    help = (
        "Ask each configured provider for its connections and watch them. New people and "
        "integrations are created and references updated; a pause stays a pause, and nothing is "
        "disconnected or removed because a list lacks it. Safe to run again at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument(
            "--provider",
            action="append",
            metavar="NAME",
            help="only this provider; may be given several times (default: all with a key)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Register provider after provider. Raises CommandError when a list was not complete."""
        is_dry_run = options["dry_run"]
        names = _chosen(options["provider"])
        try:
            incomplete = [name for name in names if not self._sync(name, is_dry_run=is_dry_run)]
        except registry.Busy:
            raise CommandError(
                "Another import or synchronisation is writing. Run this again when it is done."
            ) from None
        except UnreadableSecret as error:
            raise CommandError(str(error)) from None
        if incomplete:
            raise CommandError(
                f"Not complete for {', '.join(incomplete)}. What was found is kept and nothing is "
                "disconnected; run this again."
            )

    def _sync(self, provider: str, *, is_dry_run: bool) -> bool:
        """Register one provider's connections; say whether all of them are watched now."""
        progress = None
        with tqdm(desc=provider, unit=" connections", disable=None, leave=False) as bar:
            for progress in discovery.discover(provider, is_dry_run=is_dry_run):
                bar.update(progress.connections - bar.n)
        assert progress is not None
        line = f"{provider}: {progress.connections:,} connections: {progress.changes}"
        if is_dry_run:
            line = f"Dry run, nothing was written. {line}"
        for refusal, count in Counter(map(str, progress.changes.refused)).items():
            self.stderr.write(f"{provider}: {count:,} times: {refusal}")
        if progress.failure is not None:
            self.stderr.write(f"{line}; then the list broke off: {_said(progress.failure)}")
        else:
            self.stdout.write(line)
        return progress.failure is None and not progress.changes.refused


def _chosen(names: list[str] | None) -> list[str]:
    configured = discovery.configured()
    for name in names or ():
        if name not in settings.PROVIDERS:
            known = ", ".join(settings.PROVIDERS)
            raise CommandError(f"{name} is not a provider we know. Type one of {known}.")
        if name not in configured and settings.PROVIDERS[name]["base_url"]:
            raise CommandError(f"{name} has no key. Set {name.upper()}_API_KEY.")
        if name not in configured:
            raise CommandError(f"{name} has no list of connections. Use import_integrations.")
    if not configured:
        raise CommandError("No provider has a key. Set COMPOSIO_API_KEY or KLAVIS_API_KEY.")
    return list(dict.fromkeys(names or configured))


def _said(failure: Failure) -> str:
    status = f", HTTP {failure.call.http_status}" if failure.call.http_status else ""
    detail = f": {redact(failure.detail)}" if failure.detail else ""
    return f"{failure.outcome} ({failure.call.name}{status}){detail}"
