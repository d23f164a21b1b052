"""Whole words of a failure are understood; words that only look like them are not."""

from collections.abc import Callable

import pytest

from integrations_health.providers import words

DEAD = [
    "Error: account_inactive",
    '{"error": "expired_token"}',
    "slack said invalid_auth.",
    "invalid_client: The OAuth client was not found.",
    "('invalid_grant: Bad Request', {'error': 'invalid_grant'})",
    "INVALID_TOKEN",
    "Error: not_authed",
    "error=token_expired",
    "Error: token_revoked",
    "unauthorized_client",
    "GitHub: Bad credentials",
    "Code: InvalidAuthenticationToken",
    "Token has been expired or revoked.",
    "Google Calendar API Error (401): Invalid Credentials",
    "Request had invalid authentication credentials. Expected OAuth 2 access token",
    "Request is missing required authentication credential.",
    '"status": "UNAUTHENTICATED"',
    "401 Client Error: Unauthorized for url: https://gmail.googleapis.com/",
    "Error: No user API token provided. Please reconnect.",
]
ALIVE = [
    "",
    "Returned 3 revoked certificates",
    "my_invalid_token_list is empty",
    "not_authed_users: 4",
    "invalid_grants",
    "The token has expired letters in it",
    "Unauthenticatedly speaking",
    "Credentials are fine",
    "1401 client errors were counted",
    "401 Clients",
]
NARROW = [
    "Error: missing_scope",
    'Bearer error="insufficient_scope"',
    "Request had insufficient authentication scopes.",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "Insufficient Permission: Request had insufficient scopes",
    "insufficientPermissions",
]
WIDE = [
    "",
    "scope",
    "missing_scoped_item",
    "There is no permission problem",
    "forbidden",
]
SPENT = [
    "Quota exceeded for quota metric 'Queries'",
    "userRateLimitExceeded",
    "RESOURCE_EXHAUSTED",
    "Calendar usage limits exceeded.",
    "ratelimited",
    "429 Client Error: Too Many Requests",
    "Rate limit exceeded",
]
LEFT = ["", "quota", "Your storage quota is 15 GB", "rate_limited_users", "limit: 100"]
OFF = [
    "Gmail API has not been used in project 123 before or it is disabled.",
    '"reason": "accessNotConfigured"',
    "SERVICE_DISABLED",
]
ON = ["", "the service is disabled", "it has not been used for days", "service_disabled_items: 0"]
NAMELESS = [
    "Unknown tool: nope",
    "MCP error -32602: Tool gmail_search not found",
    "Tool 'x.y' not found",
]
TOO_EARLY = [
    'method "tools/call" is invalid during session initialization',
    "Bad Request: Server not initialized",
    "Received request before initialization was complete",
    "Unexpected message, expect initialize request",
]
READY = ["", "The client was initialized", "could not initialize", "uninitialized value"]
NAMED = ["", "The tool was helpful; the mail was not found", "unknown toolbox"]


@pytest.mark.parametrize(
    ("says", "text", "expected"),
    [
        (says, text, expected)
        for says, true_of, false_of in [
            (words.says_grant_is_dead, DEAD, ALIVE + NARROW + SPENT),
            (words.says_scope_is_missing, NARROW, WIDE + DEAD + SPENT),
            (words.says_quota, SPENT, LEFT + DEAD + NARROW),
            (words.says_service_is_off, OFF, ON + DEAD + NARROW + SPENT),
            (words.says_tool_is_unknown, NAMELESS, NAMED + DEAD + NARROW),
            (words.says_handshake_is_missing, TOO_EARLY, READY + NAMELESS + DEAD),
        ]
        for expected, texts in [(True, true_of), (False, false_of)]
        for text in texts
    ],
)
def test_a_text_means_what_its_whole_words_say(
    says: Callable[[str], bool], text: str, expected: bool
) -> None:
    assert says(text) is expected


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("401 Client Error: Unauthorized for url", 401),
        ("503 Server Error: Service Unavailable", 503),
        ("Google Calendar API Error (401): Invalid Credentials", 401),
        ("API Error: 500", 500),
        ("Request failed with status code 404", 404),
        ("status_code: 429", 429),
        ("HTTP 502", 502),
        ("HTTP/1.1 403 Forbidden", 403),
        ("Client error '401 Unauthorized' for url 'https://slack.com/api/auth.test'", 401),
        ("Server error '503 Service Unavailable' for url 'https://slack.com/api'", 503),
        ("HTTP Error 401: Unauthorized", 401),
        ('<HttpError 403 when requesting https://gmail.googleapis.com returned "no">', 403),
        ("401, message='Unauthorized', url='https://slack.com/api/auth.test'", 401),
        ('{"error": {"code": 401, "message": "Invalid"}}', 401),
        ("", None),
        ("200 OK", None),
        ("found 404 mails", None),
        ("status code 4041", None),
        ("'code': 1810", None),
        ("error 40100 client error", None),
        ("client errors '401'", None),
        ("1401, message='x'", None),
    ],
)
def test_the_status_of_the_service_behind_is_read_from_the_text(
    text: str, status: int | None
) -> None:
    assert words.upstream_status(text) == status


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Connection initiation did not complete within 10 minutes", True),
        ("Permanent auth error during token refresh", False),
        ("", False),
    ],
)
def test_a_connection_that_nobody_finished_is_told_from_one_that_died(
    reason: str, expected: bool
) -> None:
    assert words.says_connecting_was_abandoned(reason) is expected


def test_a_quarter_of_a_megabyte_is_read_at_once() -> None:
    text = "tool " * 50_000 + "'" + "a" * 5_000 + " status " * 1_000

    assert words.upstream_status(text) is None
    assert not words.says_tool_is_unknown(text)
