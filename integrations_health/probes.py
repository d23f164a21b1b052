"""Which tool call proves that a service works, and what its answer means."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers import words
from integrations_health.providers.base import Failure, ToolAnswer

NO_PROBE = "No specific health check"


class Probe(NamedTuple):
    """A cheap call that reads no content and changes nothing."""

    tool: str
    arguments: Mapping[str, Any]


# Klavis's servers are open source and run as plain MCP servers too, under the same names.
_GMAIL = Probe(
    # Matches no mail: one call upstream, and nobody's subject lines in the answer.
    "gmail_search_emails",
    {"query": "rfc822msgid:health-check-none@invalid", "maxResults": 1},
)
_CALENDAR = Probe("google_calendar_list_calendars", {"max_results": 1})
_SLACK = Probe("slack_user_list_channels", {"limit": 1})

PROBES: dict[tuple[str, str], Probe] = {
    ("composio", "gmail"): Probe("GMAIL_GET_PROFILE", {"user_id": "me"}),
    ("composio", "calendar"): Probe("GOOGLECALENDAR_LIST_CALENDARS", {"max_results": 1}),
    ("composio", "slack"): Probe("SLACK_TEST_AUTH", {}),
    ("klavis", "gmail"): _GMAIL,
    ("klavis", "calendar"): _CALENDAR,
    ("klavis", "slack"): _SLACK,
    ("mcp", "gmail"): _GMAIL,
    ("mcp", "calendar"): _CALENDAR,
    ("mcp", "slack"): _SLACK,
}


def probe_for(target: CheckTarget) -> Probe | None:
    """Return the probe of a target: its own, its service's, or None when there is none."""
    if target.probe_tool:
        return Probe(target.probe_tool, target.probe_arguments or {})
    return PROBES.get((target.provider, target.service))


def judge(answer: ToolAnswer | Failure, *, slow_after_ms: int) -> Outcome:
    """Return what a probe's answer means. The order of the questions is the rule."""
    if isinstance(answer, Failure):
        return answer.outcome
    error = failure_text(answer)
    if error is not None:
        return _judge_failure(error, answer.upstream_status or words.upstream_status(error))
    latency = answer.call.latency_ms
    return Outcome.SLOW if latency is not None and latency > slow_after_ms else Outcome.OK


def failure_text(answer: ToolAnswer) -> str | None:
    """Return the failure's own words, or None when the call really worked.

    Slack answers 200 and `ok: false`; a provider that only looks at the 200 calls that a success.
    """
    if not answer.is_successful:
        return answer.error
    data = answer.data
    for inner in (data, data.get("response_data")) if isinstance(data, dict) else ():
        if isinstance(inner, dict) and inner.get("ok") is False:
            return str(inner.get("error", ""))
    return None


def _judge_failure(error: str, status: int | None) -> Outcome:
    # Google reports a spent quota, and an API that is not switched on, as 403, and a missing scope
    # beside words of authentication: the narrower reading is asked first, so that nobody is sent to
    # reconnect in vain.
    if words.says_quota(error) or words.says_service_is_off(error) or status == 429:
        return Outcome.SERVICE_ERROR
    if words.says_scope_is_missing(error):
        return Outcome.PERMISSION
    if words.says_grant_is_dead(error) or status == 401:
        return Outcome.AUTH_EXPIRED
    if status == 403:
        return Outcome.PERMISSION
    if status in {400, 422}:
        return Outcome.PROBE_MISCONFIGURED
    return Outcome.SERVICE_ERROR
