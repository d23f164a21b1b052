"""What the users of a project connected is found, user by user and server by server."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from integrations_health.providers.base import Connection, Failure
from integrations_health.providers.klavis import Klavis
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, said

pytestmark = pytest.mark.asyncio
Answers = Mapping[str, httpx.Response]


def users(ids: Sequence[Any], *, pages: int = 1, total: int | None = None) -> httpx.Response:
    found = [{"userId": id} if isinstance(id, str) else id for id in ids]
    total = len(ids) if total is None else total
    return said({"users": found, "totalPages": pages, "totalCount": total})


def integrations(*items: Any) -> httpx.Response:
    return said({"integrations": items})


def created(request: httpx.Request) -> httpx.Response:
    asked = json.loads(request.content)
    id = f"{asked['userId']}-{asked['serverName']}".replace(" ", "-").replace("@", "-")
    return said({"serverUrl": f"https://x.klavis.ai/{id}", "instanceId": id, "oauthUrl": None})


GMAIL = {"name": "Gmail", "is_authenticated": True}
CALENDAR = {"name": "Google Calendar", "is_authenticated": True}
SLACK = {"name": "Slack", "is_authenticated": False}


async def discovered(answers: Answers) -> tuple[list[Connection | Failure], Wire]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/mcp-server/instance/create" and "create" not in answers:
            return created(request)
        keys = (request.url.params.get("page_number"), request.url.path.rpartition("/")[2])
        if request.url.path.startswith("/user/") and len(request.url.path) > len("/user/"):
            keys = (request.url.path.split("/")[2], "")
        return next(answers[key] for key in keys if key in answers)

    wire = Wire(by=answer)
    klavis = Klavis(**OPTIONS, transport=wire)
    return [found async for found in klavis.discover(gate=Gatekeeper())], wire


async def test_the_connected_servers_of_every_user_are_found() -> None:
    found, wire = await discovered(
        {
            "1": users(["ann", "bob@example.com"], pages=2, total=3),
            "2": users(["cy"], pages=2, total=3),
            "ann": integrations(GMAIL, SLACK, CALENDAR),
            "bob@example.com": said({"detail": "User not found"}, status=404),
            "cy": integrations("Gmail"),
        }
    )

    assert found == [
        Connection(
            provider="klavis",
            service=service,
            server_instance_id=id,
            provider_user_id=user,
            server_url=f"https://x.klavis.ai/{id}",
        )
        for user, service, id in [
            ("ann", "gmail", "ann-Gmail"),
            ("ann", "calendar", "ann-Google-Calendar"),
            ("cy", "gmail", "cy-Gmail"),
        ]
    ]
    asked = [request.url.raw_path for request in wire.requests]
    assert b"/user/bob%40example.com/integrations" in asked


async def test_ids_that_a_path_cannot_hold_are_nobodys() -> None:
    found, wire = await discovered({"1": users(["..", ".", "", None, 7], total=0)})

    assert found == []
    assert wire.paths == ["GET /user/"]


@pytest.mark.parametrize(
    "answers",
    [
        {"1": users(["ann"], total=2), "ann": integrations()},
        {"1": users(["ann"], pages=2), "2": said({}, status=500), "ann": integrations()},
        {"1": users(["ann"]), "ann": said({"integrations": None})},
        {"1": users(["ann"]), "ann": said({}, status=503)},
        {"1": users(["ann"]), "ann": integrations(GMAIL), "create": said({"instanceId": "x"})},
        {"1": users(["ann"]), "ann": integrations(GMAIL), "create": said({}, status=500)},
        {"1": said({"detail": "Invalid API key"}, status=401)},
        {"1": said({"users": "none"})},
    ],
)
async def test_a_list_that_is_not_complete_ends_with_a_failure(answers: Answers) -> None:
    found, _ = await discovered(answers)

    assert isinstance(found[-1], Failure)
    assert not any(isinstance(each, Failure) for each in found[:-1])
