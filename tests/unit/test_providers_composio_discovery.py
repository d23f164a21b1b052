"""Every account of a project is found, or the list says that it is not complete."""

import httpx
import pytest

from integrations_health.providers.base import Connection, Failure
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, said
from tests.unit.composio_shapes import account, page

pytestmark = pytest.mark.asyncio


async def discovered(*answers: httpx.Response) -> tuple[list[Connection | Failure], Wire]:
    wire = Wire(*answers)
    composio = Composio(**OPTIONS, transport=wire)
    return [found async for found in composio.discover(gate=Gatekeeper())], wire


async def test_every_account_of_the_project_is_discovered() -> None:
    calendar = account(id="ca_3", toolkit={"slug": "googlecalendar"}, created_at="no date")

    found, wire = await discovered(
        page([account(id="ca_1"), account(id="ca_2")], total=3, cursor="2"),
        page([calendar], total=3),
    )

    ids = [each.server_instance_id for each in found if isinstance(each, Connection)]
    assert ids == ["ca_1", "ca_2", "ca_3"]
    assert found[0] == Connection(
        provider="composio",
        service="gmail",
        server_instance_id="ca_1",
        provider_user_id="user-1",
        auth_config_id="ac_1",
        connected_at=getattr(found[0], "connected_at", None),
    )
    last = found[2]
    assert isinstance(last, Connection)
    assert (last.service, last.connected_at) == ("calendar", None)
    assert [dict(request.url.params).get("cursor") for request in wire.requests] == [None, "2"]


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        ([page([account(id="ca_1")], total=2)], 1),
        ([page([account(id="ca_1"), {"id": "ca_2"}], total=2)], 1),
        ([page([account(id="ca_1")], total=2, cursor="1"), said({}, status=500)], 1),
        (
            [
                page([account(id="ca_1")], total=2, cursor="1"),
                page([account(id="ca_1")], total=2, cursor="1"),
            ],
            1,
        ),
        ([said({"items": [account(id="ca_1")]})], 1),
        ([said({"error": {"message": "Invalid API key"}}, status=401)], 0),
    ],
)
async def test_a_list_that_is_not_complete_ends_with_a_failure(
    answers: list[httpx.Response], count: int
) -> None:
    found, _ = await discovered(*answers)

    assert len(found) == count + 1
    assert isinstance(found[-1], Failure)


async def test_an_empty_project_is_complete() -> None:
    found, _ = await discovered(page([]))

    assert found == []
