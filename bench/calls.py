"""The calls that a check makes, as plain values: what the references send."""

import uuid
from typing import Any, NamedTuple

PAGE = 100
_PROBES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GMAIL_GET_PROFILE", {"user_id": "me"}),
    ("GOOGLECALENDAR_LIST_CALENDARS", {"max_results": 1}),
    ("SLACK_TEST_AUTH", {}),
)


class Call(NamedTuple):
    """One HTTP request: a POST of `body` as JSON, or a GET where there is none."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any] | None


def probe(base_url: str, key: str, index: int) -> Call:
    """Return the tool call that probes the account of this index."""
    slug, arguments = _PROBES[index % len(_PROBES)]
    body = {
        "connected_account_id": _account(index),
        "user_id": f"user-{index // len(_PROBES):06d}",
        "arguments": arguments,
    }
    return Call(
        f"{base_url}/api/v3.1/tools/execute/{slug}",
        _headers(key),
        body,
    )


def page(base_url: str, key: str, first: int) -> Call:
    """Return the request for the statuses of the `PAGE` accounts from `first` on."""
    ids = "%2C".join(_account(index) for index in range(first, first + PAGE))
    query = f"limit={PAGE}&account_type=ALL&connected_account_ids={ids}"
    return Call(f"{base_url}/api/v3.1/connected_accounts?{query}", _headers(key), None)


def _account(index: int) -> str:
    return f"ca_{index:09d}"


def _headers(key: str) -> dict[str, str]:
    return {
        "x-api-key": key,
        "x-request-id": str(uuid.uuid4()),
        "accept": "application/json",
        "user-agent": "integration-health-bench",
    }
