"""What the simulated services are called at each provider, and which tools they offer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Tool(NamedTuple):
    """One tool: its name, the JSON types of its arguments, and what it answers for an identity."""

    name: str
    description: str
    arguments: Mapping[str, str]
    answer: Callable[[str], Any]
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments."""
        properties = {name: {"type": kind} for name, kind in self.arguments.items()}
        return {"type": "object", "properties": properties, "required": list(self.required)}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Service:
    """One service under our name, its Composio toolkit, its Klavis server and its tools."""

    name: str
    toolkit: str
    server: str
    oauth: str
    # Whether health checks know a tool call for it; without one only its status is ever read.
    is_probed: bool
    composio_tools: Mapping[str, Tool] = field(default_factory=dict)
    mcp_tools: Mapping[str, Tool] = field(default_factory=dict)


def _gmail_profile(identity: str) -> dict[str, Any]:
    return {
        "emailAddress": identity,
        "messagesTotal": 1204,
        "threadsTotal": 977,
        "historyId": "88213",
    }


def _calendars(identity: str) -> dict[str, Any]:
    calendar = {"id": identity, "summary": identity, "primary": True, "accessRole": "owner"}
    return {"calendars": [calendar]}


def _slack_auth(identity: str) -> dict[str, Any]:
    return {
        "ok": True,
        "url": "https://example.slack.com/",
        "team": "Example",
        "user": identity.partition("@")[0],
        "team_id": "T0000001",
        "user_id": "U0000001",
    }


def _slack_channels(identity: str) -> dict[str, Any]:
    return {"ok": True, "channels": [{"id": "C0000001", "name": "general"}]}


def _tools(*tools: Tool) -> dict[str, Tool]:
    return {tool.name: tool for tool in tools}


_GMAIL = Service(
    name="gmail",
    toolkit="gmail",
    server="Gmail",
    oauth="gmail",
    is_probed=True,
    composio_tools=_tools(
        Tool("GMAIL_GET_PROFILE", "Get the profile.", {"user_id": "string"}, _gmail_profile),
        Tool(
            "GMAIL_LIST_LABELS", "List the labels.", {"user_id": "string"}, lambda _: {"labels": []}
        ),
    ),
    mcp_tools=_tools(
        Tool(
            "gmail_search_emails",
            "Search emails.",
            {"query": "string", "maxResults": "integer"},
            lambda _: [],
            required=("query",),
        ),
        Tool("gmail_list_labels", "List the labels.", {}, lambda _: {"labels": []}),
    ),
)
_CALENDAR_ARGUMENTS = {"max_results": "integer", "page_token": "string"}
_CALENDAR = Service(
    name="calendar",
    toolkit="googlecalendar",
    server="Google Calendar",
    oauth="gcalendar",
    is_probed=True,
    composio_tools=_tools(
        Tool("GOOGLECALENDAR_LIST_CALENDARS", "List calendars.", _CALENDAR_ARGUMENTS, _calendars)
    ),
    mcp_tools=_tools(
        Tool("google_calendar_list_calendars", "List calendars.", _CALENDAR_ARGUMENTS, _calendars)
    ),
)
_CHANNEL_ARGUMENTS = {"limit": "integer", "cursor": "string", "types": "string"}
_SLACK = Service(
    name="slack",
    toolkit="slack",
    server="Slack",
    oauth="slack",
    is_probed=True,
    composio_tools=_tools(
        Tool("SLACK_TEST_AUTH", "Check the authentication.", {}, _slack_auth),
        Tool("SLACK_LIST_ALL_CHANNELS", "List channels.", _CHANNEL_ARGUMENTS, _slack_channels),
    ),
    mcp_tools=_tools(
        Tool("slack_user_list_channels", "List channels.", _CHANNEL_ARGUMENTS, _slack_channels)
    ),
)
# Nothing is known of it but that it exists: what a service without a check of its own looks like.
_NOTION = Service(
    name="notion",
    toolkit="notion",
    server="Notion",
    oauth="notion",
    is_probed=False,
    composio_tools=_tools(Tool("NOTION_LIST_USERS", "List users.", {}, lambda _: {"results": []})),
    mcp_tools=_tools(Tool("notion_search", "Search.", {"query": "string"}, lambda _: [])),
)

SERVICES: dict[str, Service] = {
    service.name: service for service in (_GMAIL, _CALENDAR, _SLACK, _NOTION)
}
BY_TOOLKIT = {service.toolkit: service for service in SERVICES.values()}
BY_SERVER = {service.server.lower(): service for service in SERVICES.values()}
COMPOSIO_TOOLS: dict[str, tuple[Service, Tool]] = {
    name: (service, tool)
    for service in SERVICES.values()
    for name, tool in service.composio_tools.items()
}
