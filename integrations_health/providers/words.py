"""What the words of a failure mean: a dead grant, a missing scope, a spent quota, a status.

Only whole tokens and phrases count: "Returned 3 revoked certificates" speaks of no grant.
"""

import re

# The tokens are those by which Composio's own command line knows a dead credential. The phrases
# that follow are its, too, up to the comment; the rest is what Google and Klavis say on a 401.
_DEAD_TOKENS = (
    "account_inactive",
    "expired_token",
    "invalid_auth",
    "invalid_client",
    "invalid_grant",
    "invalid_token",
    "not_authed",
    "token_expired",
    "token_revoked",
    "unauthorized_client",
)
_DEAD_PHRASES = (
    "bad credentials",
    "invalidauthenticationtoken",
    "token has been expired or revoked",
    # beyond Composio's list
    "invalid credentials",
    "invalid authentication credentials?",
    "missing required authentication credentials?",
    "unauthenticated",
    "401 client error",
    "no user api token provided",
)
_SCOPE_WORDS = (
    "missing_scopes?",
    "insufficient_scopes?",
    "no_permission",
    "access_token_scope_insufficient",
    "insufficientpermissions?",
    "insufficient permissions?",
    "insufficient (?:oauth )?scopes?",
    "insufficient authentication scopes?",
)
_QUOTA_WORDS = (
    "rate_limited",
    "ratelimited",
    "rate_limit_exceeded",
    "ratelimitexceeded",
    "userratelimitexceeded",
    "quota_exceeded",
    "quotaexceeded",
    "dailylimitexceeded",
    "resource_exhausted",
    "too_many_requests",
    "too many requests",
    "quota exceeded",
    "(?:rate|usage) limits? exceeded",
    "429 client error",
)
# What Google says where whoever owns the OAuth application has not switched the API on.
_OFF_WORDS = ("accessnotconfigured", "service_disabled", "has not been used in project")
_STATUSES = (
    r"([45]\d\d) (?:client|server) error",
    # As httpx, urllib and Google's client for Python, and aiohttp say it.
    r"(?:client|server) error '([45]\d\d)",
    r"http ?error ([45]\d\d)",
    r"([45]\d\d), message=",
    r"api error:? \(?([45]\d\d)",
    r"status(?:[ _-]?code)?[\"']?\s*[:=]?\s*\(?([45]\d\d)",
    r"http(?:/[\d.]+)?[ :]+([45]\d\d)",
    r"[\"']code[\"']\s*:\s*([45]\d\d)",
)


def _whole(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(words)})(?![a-z0-9_])")


_DEAD = _whole(_DEAD_TOKENS + _DEAD_PHRASES)
_SCOPE = _whole(_SCOPE_WORDS)
_QUOTA = _whole(_QUOTA_WORDS)
_OFF = _whole(_OFF_WORDS)
_STATUS = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(_STATUSES)})(?!\d)")
_UNKNOWN_TOOL = re.compile(
    r"\bunknown tool\b|\btool [\"'`]?[\w.-]{1,100}[\"'`]? (?:was )?not found\b"
)
# As servers made with the SDKs for Go and Rust say it, and what is worded like that.
_NO_HANDSHAKE = re.compile(
    r"\b(?:not initiali[sz]ed\b|(?:during session|before|expects?|expected|requires?) initiali[sz])"
)


def says_grant_is_dead(text: str) -> bool:
    """Say whether a failure's text means that the user's grant no longer works."""
    return _DEAD.search(text.lower()) is not None


def says_scope_is_missing(text: str) -> bool:
    """Say whether a failure's text means that the user's grant allows too little."""
    return _SCOPE.search(text.lower()) is not None


def says_quota(text: str) -> bool:
    """Say whether a failure's text means that the service behind the provider wants us to wait."""
    return _QUOTA.search(text.lower()) is not None


def says_service_is_off(text: str) -> bool:
    """Say whether a failure's text means that nobody is let in, whatever the user allowed."""
    return _OFF.search(text.lower()) is not None


def says_tool_is_unknown(text: str) -> bool:
    """Say whether a failure's text means that there is no tool of the name we called."""
    return _UNKNOWN_TOOL.search(text.lower()) is not None


def says_handshake_is_missing(text: str) -> bool:
    """Say whether an MCP server refuses whatever comes before `initialize`."""
    return _NO_HANDSHAKE.search(text.lower()) is not None


def says_connecting_was_abandoned(reason: str) -> bool:
    """Say whether a connection expired because nobody finished setting it up."""
    return "did not complete within" in reason.lower()


def upstream_status(text: str) -> int | None:
    """Return the HTTP status, 400 to 599, that a failure's text names; None when it names none."""
    found = _STATUS.search(text.lower())
    return None if found is None else int(next(filter(None, found.groups())))
