"""What a person may say of an integration, and what the answer shows of it."""

from collections.abc import Mapping

import pytest

from integrations_health import registration
from integrations_health.registration import FIELDS, Refusal, Registration

PROVIDERS = ("composio", "klavis", "mcp")
NEEDED = {
    "user": "alice",
    "service": "gmail",
    "provider": "composio",
    "serverInstanceId": "ca_1",
}
SECRET = "sk-3f9Zq71LmX0v"


def read(**said: object) -> Registration | list[Refusal]:
    return registration.read({**NEEDED, **said}, place="line 7", providers=PROVIDERS)


def test_four_fields_are_enough() -> None:
    registered = read()

    assert registered == Registration(
        user="alice",
        service="gmail",
        provider="composio",
        server_instance_id="ca_1",
        place="line 7",
    )


def test_what_was_not_said_is_not_part_of_what_was_said() -> None:
    registered = read(enabled="false", intervalSeconds="600", displayName=None)

    assert isinstance(registered, Registration)
    assert registered.said() == {"enabled": False, "interval_seconds": 600}


def test_an_empty_text_was_said() -> None:
    registered = read(displayName="")

    assert isinstance(registered, Registration)
    assert registered.said() == {"display_name": ""}


@pytest.mark.parametrize("field", NEEDED)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_needed_field_that_is_blank_is_missed(field: str, blank: str | None) -> None:
    refused = read(**{field: blank})

    assert refused == [Refusal("line 7", field, "is missing", "every entry needs it")]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    refused = read(provider="zapier", intervalSeconds="5", enabled="perhaps", colour="red")

    assert isinstance(refused, list)
    assert [refusal.field for refusal in refused] == [
        "colour",
        "intervalSeconds",
        "enabled",
        "provider",
    ]
    assert str(refused[1]) == "line 7: intervalSeconds: is too small; type seconds from 60 to 3,600"
    assert str(refused[3]) == (
        "line 7: provider: is not a provider we know; type one of composio, klavis, mcp"
    )


@pytest.mark.parametrize("field", FIELDS)
def test_no_refusal_shows_a_value(field: str) -> None:
    said: Mapping[str, object] = {**NEEDED, field: f"{SECRET}\0{SECRET}", SECRET: "x"}

    refused = registration.read(said, place="line 1", providers=PROVIDERS)

    assert isinstance(refused, list)
    assert len(refused) == 2
    assert SECRET not in " ".join(map(str, refused))


def test_a_registration_does_not_show_its_secrets() -> None:
    registered = read(serverUrl=f"https://host.example/{SECRET}", serverToken=SECRET)

    assert isinstance(registered, Registration)
    assert registered.server_token == SECRET
    assert SECRET not in repr(registered)
