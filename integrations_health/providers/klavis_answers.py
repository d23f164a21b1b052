"""What Klavis's answers mean. Its servers hide failures in the text of good-looking answers."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers import words
from integrations_health.providers.api import is_id
from integrations_health.providers.base import (
    Account,
    Connection,
    ConnectionState,
    Failure,
    Owned,
    ReauthLink,
    ServerStatus,
    ToolAnswer,
)
from integrations_health.providers.contents import data_in, first_text, hidden_failure
from integrations_health.providers.http import Reply, bad_response, object_in

# Servers whose service has another name here; others are called as they are, in small letters.
SERVICES: Mapping[str, str] = {"google calendar": "calendar"}

_NO_ROUTE = "Not Found"
_NO_IDS = frozenset({"", ".", ".."})


class Users(NamedTuple):
    """A page of the project's users, and how many pages and users there are."""

    ids: list[str]
    pages: int
    total: int


def told(reply: Reply, target: CheckTarget) -> ServerStatus | Failure:
    """Read an instance for the target's user: of somebody else's nothing is told."""
    answer = object_in(reply)
    owner = "" if isinstance(answer, Failure) else _text(answer.get("externalUserId"))
    return Owned(server_status(reply), owner).told_to(target.provider_user_id)


def server_status(reply: Reply) -> ServerStatus | Failure:
    """Read an instance. "Authenticated" says that credentials are there, not that they work."""
    if reply.status == 404 and _detail(reply) not in ("", _NO_ROUTE):
        return ServerStatus(state=ConnectionState.GONE, call=reply.call, reason=_detail(reply))
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    is_needed, is_done = answer.get("authNeeded"), answer.get("isAuthenticated")
    if not isinstance(is_done, bool):
        return bad_response(reply.call, "the instance does not say whether it is authenticated")
    if is_done or is_needed is False:
        return ServerStatus(state=ConnectionState.ACTIVE, call=reply.call, said="authenticated")
    state = ConnectionState.PENDING if is_needed is True else ConnectionState.UNKNOWN
    return ServerStatus(state=state, call=reply.call, said="not authenticated")


def tool_answer(reply: Reply) -> ToolAnswer | Failure:
    """Read what calling a tool came to, its hidden failures dug out."""
    if reply.status == 404 and (detail := _detail(reply)) not in ("", _NO_ROUTE):
        is_of_tool = words.says_tool_is_unknown(detail)
        outcome = Outcome.PROBE_MISCONFIGURED if is_of_tool else Outcome.DISCONNECTED
        return Failure(outcome=outcome, call=reply.call, detail=detail)
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    is_successful, result = answer.get("success"), answer.get("result")
    if not isinstance(is_successful, bool):
        return bad_response(reply.call, "the answer does not say whether it was successful")
    result = result if isinstance(result, dict) else {}
    said = first_text(result.get("content"))
    if not is_successful or result.get("isError") is True:
        return _failed(reply, said or _text(answer.get("error")))
    data = data_in(said or "")
    hidden = hidden_failure(data)
    if hidden is None and not isinstance(data, str):
        return ToolAnswer(is_successful=True, call=reply.call, data=data)
    # What is no JSON is no answer of theirs, whatever the flags say: they are always green.
    return _failed(reply, hidden or said or "the tool answered nothing")


def link(reply: Reply, *, callback_url: str, id: str) -> ReauthLink | Failure:
    """Read where the user connects again, and add where he comes back to."""
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    try:
        parts = urlsplit(_text(answer.get("oauthUrl")))
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https"):
        return bad_response(reply.call, "the instance has no address for signing in")
    query = parse_qsl(parts.query, keep_blank_values=True)
    if callback_url and not any(name == "redirect_url" for name, _ in query):
        query.append(("redirect_url", callback_url))
    url = parts._replace(query=urlencode(query)).geturl()
    return ReauthLink(url=url, server_instance_id=id)


def account(reply: Reply, *, id: str) -> Account | Failure:
    """Read whose the instance `id` is."""
    status = server_status(reply)
    if isinstance(status, Failure):
        return status
    if status.state is ConnectionState.GONE:
        return Failure(outcome=Outcome.DISCONNECTED, call=reply.call, detail=status.reason)
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    if answer.get("instanceId") != id:
        return bad_response(reply.call, "the answer is about another instance")
    name = _text(answer.get("serverName")).lower()
    connection = Connection(
        provider="klavis",
        service=SERVICES.get(name, name),
        server_instance_id=id,
        provider_user_id=_text(answer.get("externalUserId")),
    )
    return Account(connection=connection, state=status.state)


def users(reply: Reply) -> Users | Failure:
    """Read a page of the users."""
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    found, pages, total = (answer.get(key) for key in ("users", "totalPages", "totalCount"))
    if not (isinstance(found, list) and isinstance(pages, int) and isinstance(total, int)):
        return bad_response(reply.call, "the page has no list of users")
    ids = [user.get("userId") if isinstance(user, dict) else user for user in found]
    # The two that a path cannot hold are nobody's id.
    return Users([id for id in ids if isinstance(id, str) and id not in _NO_IDS], pages, total)


def servers(reply: Reply) -> list[str] | Failure:
    """Read the names of the servers that one user connected."""
    if reply.status == 404:
        return []  # a user who left while we were reading
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    found = answer.get("integrations")
    if not isinstance(found, list):
        return bad_response(reply.call, "the user has no list of integrations")
    named = [
        (item.get("name"), item.get("is_authenticated") is True)
        if isinstance(item, dict)
        else (item, True)
        for item in found
    ]
    return [name for name, is_connected in named if isinstance(name, str) and is_connected]


def connection(reply: Reply, *, server: str, user_id: str) -> Connection | Failure:
    """Read the instance of a user's server."""
    answer = _accepted(reply)
    if isinstance(answer, Failure):
        return answer
    id, url = _text(answer.get("instanceId")), _text(answer.get("serverUrl"))
    if not url or not is_id(id):
        return bad_response(reply.call, "the instance has no id or no address")
    name = server.lower()
    return Connection(
        provider="klavis",
        service=SERVICES.get(name, name),
        server_instance_id=id,
        provider_user_id=user_id,
        server_url=url,
    )


def _failed(reply: Reply, error: str) -> ToolAnswer | Failure:
    if words.says_tool_is_unknown(error):
        return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=reply.call, detail=error)
    return ToolAnswer(is_successful=False, call=reply.call, error=error)


def _accepted(reply: Reply) -> dict[str, Any] | Failure:
    """Return the object in a good answer, or what the refusal means. Only 422 is documented."""
    if reply.status < 400:
        return object_in(reply)
    detail = _detail(reply)
    if reply.status in (401, 402, 403):
        outcome = Outcome.KEY_REJECTED
    elif detail and detail != _NO_ROUTE:
        outcome = Outcome.PROBE_MISCONFIGURED
    else:
        outcome = Outcome.BAD_RESPONSE
    return Failure(outcome=outcome, call=reply.call, detail=detail)


def _detail(reply: Reply) -> str:
    """Return what an error says, empty where it is none of Klavis's."""
    answer = object_in(reply)
    if isinstance(answer, Failure):
        return ""
    for key in ("detail", "error", "message"):
        if answer.get(key):
            said = answer[key]
            return said if isinstance(said, str) else json.dumps(said)
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
