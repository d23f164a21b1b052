"""Providers are found by name, made as the settings say."""

from typing import Any

import pytest
from django.test import override_settings

from integrations_health import providers

SETTINGS: dict[str, Any] = {
    "composio": {"base_url": "https://c.example.com", "api_key": "", "concurrency": 2},
    "klavis": {"base_url": "https://k.example.com", "api_key": "key", "concurrency": 3},
    "mcp": {"base_url": "", "api_key": "", "concurrency": 4},
}


@pytest.mark.parametrize("name", providers.PROVIDERS)
@override_settings(PROVIDERS=SETTINGS)
def test_each_provider_of_the_table_can_be_made(name: str) -> None:
    provider = providers.connect(name)

    assert provider.name == name
    assert provider.rate_limit is None


@override_settings(PROVIDERS=SETTINGS)
def test_only_composio_reads_many_at_once() -> None:
    bulk = [name for name in providers.PROVIDERS if providers.connect(name).reads_in_bulk]

    assert bulk == ["composio"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(providers.UnknownProvider, match="'zapier', only composio, klavis, mcp"):
        providers.connect("zapier")


@override_settings(PROVIDERS=SETTINGS)
def test_whoever_has_a_key_can_be_asked_and_plain_servers_always() -> None:
    assert providers.configured() == ["klavis", "mcp"]
