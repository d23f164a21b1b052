"""Suspect our own network before anybody else's."""

import asyncio
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from msgspec.structs import replace

from integrations_health.outcomes import CheckResult, Evidence, Outcome
from integrations_health.redaction import redact

CONNECT_DEADLINE_SECONDS = 3


async def acquit(
    results: Sequence[CheckResult], unreachable: Collection[UUID], provider: str
) -> list[CheckResult]:
    """Turn a batch that reached nobody into our own fault, when we reach nobody else either.

    `unreachable` are the integrations for which no HTTP answer came at all. A single answer in the
    batch proves that our network works; else the other providers and the hosts of
    `EGRESS_CANARY_URLS` are tried. With nowhere else to try the results stand as they are.
    """
    if not results or any(result.integration_id not in unreachable for result in results):
        return list(results)
    others = _others(provider)
    if not others or await _reaches_any(others):
        return list(results)
    found = Evidence(call="our own network", said=redact("no other host could be reached"))
    return [
        replace(result, outcome=Outcome.INTERNAL_ERROR, evidence=(*result.evidence, found))
        for result in results
    ]


async def is_reaching() -> bool:
    """Say whether any provider that we have a key for, or any canary, takes a connection."""
    return await _reaches_any(_others(""))


def _others(provider: str) -> list[str]:
    providers: list[str] = [
        config["base_url"]
        for name, config in settings.PROVIDERS.items()
        if name != provider and config["base_url"] and config["api_key"]
    ]
    return [*settings.EGRESS_CANARY_URLS, *providers]


async def _reaches_any(urls: Sequence[str]) -> bool:
    return any(await asyncio.gather(*(_reaches(url) for url in urls)))


async def _reaches(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        async with asyncio.timeout(CONNECT_DEADLINE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, ValueError):
        return False  # no answer, or no address that anybody could have
    writer.close()
    return True
