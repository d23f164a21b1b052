"""What Composio's answers mean: tools, links, and errors in the envelope of its own."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from integrations_health.outcomes import Outcome
from integrations_health.providers import bodies, words
from integrations_health.providers.api import is_id
from integrations_health.providers.base import (
    Failure,
    ReauthLink,
    ToolAnswer,
)
from integrations_health.providers.http import Reply, bad_response, object_in, opening

# The account is missing, dead, or of another user or project.
_NO_ACCOUNT_CODES = frozenset({1803, 1810})
_NO_ACCOUNT_WORDS = ("connectedaccountnotfound", "no connected account found")
# What we sent is not what they want.
_OUR_MISTAKE_CODES = frozenset({10400})
_OUR_MISTAKE_WORDS = ("entityidrequired", "validation error while processing")


class Said(NamedTuple):
    """What an error envelope says, as far as it says anything."""

    text: str
    code: int | None = None

    @property
    def has_no_account(self) -> bool:
        """Say whether there is no such account for us."""
        lower = self.text.lower()
        return self.code in _NO_ACCOUNT_CODES or any(word in lower for word in _NO_ACCOUNT_WORDS)

    @property
    def is_our_mistake(self) -> bool:
        """Say whether the request was refused for its form."""
        lower = self.text.lower()
        return self.code in _OUR_MISTAKE_CODES or any(word in lower for word in _OUR_MISTAKE_WORDS)

    @property
    def is_of_no_route(self) -> bool:
        """Say whether the address as a whole is wrong, which tells nothing of what we asked for."""
        lower = self.text.lower()
        # Composio has a code for whatever it does not find; a gateway in front of it has none.
        is_of_gateway = self.code is None and lower == "not found"
        return is_of_gateway or lower.startswith(("http_notfound cannot ", "cannot "))


def tool_answer(reply: Reply) -> ToolAnswer | Failure:
    """Read what running a tool came to."""
    if reply.status >= 400:
        return _tool_refused(reply)
    answer = object_in(reply)
    if isinstance(answer, Failure):
        return answer
    is_successful, data = answer.get("successful"), answer.get("data")
    if not isinstance(is_successful, bool):
        return bad_response(reply.call, "the answer does not say whether it was successful")
    inner = data if isinstance(data, dict) else {}
    status = inner.get("status_code")
    status = status if isinstance(status, int) and 100 <= status < 600 else None
    is_nothing_else = set(inner) == {"error"} and bool(inner["error"])
    if is_nothing_else or (status is not None and status >= 400):
        # A dead grant may come as a success that holds nothing but the service's refusal.
        is_successful = False
    error = as_text(answer.get("error"))
    if not is_successful:
        error = error or as_text(inner.get("message")) or as_text(inner.get("error"))
    return ToolAnswer(is_successful, reply.call, data, error, status)


def link(reply: Reply) -> ReauthLink | Failure:
    """Read where the user connects again."""
    if reply.status >= 400:
        return refused(reply)
    answer = object_in(reply)
    if isinstance(answer, Failure):
        return answer
    url, id = as_text(answer.get("redirect_url")), as_text(answer.get("connected_account_id"))
    if not url.startswith(("https://", "http://")):
        return bad_response(reply.call, "the answer has no link")
    expires_at = instant(answer.get("expires_at"))
    return ReauthLink(url=url, expires_at=expires_at, server_instance_id=id if is_id(id) else "")


def refused(reply: Reply) -> Failure:
    """Return what a 4xx means that is about the request, not about one connection."""
    said = envelope(reply.body)
    outcome = Outcome.BAD_RESPONSE
    if reply.status in (401, 402) or (reply.status == 403 and said is not None):
        # A refusal by the service behind comes inside a 200: this one is for our key or our plan.
        outcome = Outcome.KEY_REJECTED
    elif said is not None and not said.is_of_no_route:
        outcome = Outcome.PROBE_MISCONFIGURED
    return Failure(outcome=outcome, call=reply.call, detail=_detail(reply, said))


def _tool_refused(reply: Reply) -> Failure:
    said = envelope(reply.body)
    if said is None or said.is_of_no_route or reply.status in (401, 402):
        return refused(reply)
    return Failure(outcome=_tool_outcome(reply.status, said), call=reply.call, detail=said.text)


def _tool_outcome(status: int, said: Said) -> Outcome:
    if said.has_no_account:
        return Outcome.DISCONNECTED
    if said.is_our_mistake:
        return Outcome.PROBE_MISCONFIGURED
    if status == 403:
        is_scope = words.says_scope_is_missing(said.text)
        return Outcome.PERMISSION if is_scope else Outcome.KEY_REJECTED
    if status == 422 or words.says_grant_is_dead(said.text):
        return Outcome.AUTH_EXPIRED
    # The tool was renamed or removed (404, 410), or our arguments are refused.
    return Outcome.PROBE_MISCONFIGURED


def envelope(body: bytes) -> Said | None:
    """Return what Composio's own error says; None for an answer of somebody else."""
    try:
        answer = bodies.parsed(body)
    except bodies.Unreadable:
        return None
    if not isinstance(answer, dict):
        return None
    error = answer.get("error", answer)
    if not isinstance(error, dict):
        return Said(as_text(error)) if isinstance(error, str) else None
    code = error.get("code", error.get("error_code"))
    parts = [as_text(error.get("slug", error.get("name"))), as_text(error.get("message"))]
    text = " ".join(filter(None, parts))
    is_code = isinstance(code, int) and not isinstance(code, bool)
    return Said(text, code if is_code else None) if text or is_code else None


def instant(value: Any) -> datetime | None:
    """Return an ISO 8601 instant in UTC (as which one without a zone is read), None for all else.

    An instant that is in the year 10,000 there, or before the first, could be stored and not read.
    """
    with suppress(TypeError, ValueError, OverflowError):
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _detail(reply: Reply, said: Said | None) -> str:
    return opening(reply.body) if said is None else said.text


def as_text(value: Any) -> str:
    """Return `value` where it is a text, else nothing."""
    return value if isinstance(value, str) else ""
