"""What the page says first, by cause."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from integrations_health import advice, wording
from integrations_health.reauth_rules import Call
from integrations_health.wording import Banner

NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 19, 9, 14, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An integration that works, unless it is told otherwise."""

    name: str = "Gmail"
    service: str = "gmail"
    provider: str = "composio"
    own_status: str = "healthy"
    error_code: str = ""
    since: datetime | None = None
    reauth: Call = Call.OFFERED
    is_paused: bool = False
    is_new: bool = False


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Gmail through Composio fails for everyone."""

    provider: str = "composio"
    service: str = "gmail"
    opened_at: datetime = NOW - timedelta(minutes=28)


def ill(error_code: str, *, status: str = "unhealthy", **fields: object) -> Row:
    since = {"since": NOW - timedelta(minutes=28)}
    return Row(**{"own_status": status, "error_code": error_code, **since, **fields})  # type: ignore[arg-type]  # checked by the dataclass


def banner(*rows: Row, outages: tuple[Outage, ...] = ()) -> Banner:
    return wording.banner(rows, outages, now=NOW, zone=UTC)


@pytest.mark.parametrize(
    ("rows", "tone", "sentence"),
    [
        ([], "unknown", "Nothing is watched for you yet."),
        ([Row()], "healthy", "Gmail works."),
        ([Row(), Row()], "healthy", "Both integrations work."),
        ([Row()] * 4, "healthy", "All 4 integrations work."),
        (
            [Row(name="Slack", is_new=True, own_status="unknown")],
            "unknown",
            "Slack is being checked for the first time.",
        ),
        ([Row(is_paused=True)], "paused", "Gmail is paused: nobody checks it."),
        (
            [ill("auth_expired", name="Slack", since=THURSDAY)],
            "unhealthy",
            "Your Slack connection expired on Thursday. Reconnect it.",
        ),
        (
            [ill("disconnected", name="Slack")],
            "unhealthy",
            "Your Slack account was disconnected at 14:02. Reconnect it.",
        ),
        (
            [ill("auth_expired", name="Slack"), ill("auth_expired")],
            "unhealthy",
            "2 of your connections expired: Slack and Gmail. Reconnect them.",
        ),
        (
            [ill("auth_expired", status="degraded")],
            "degraded",
            "Gmail may have expired. We look again within a minute.",
        ),
        (
            [ill("permission", status="degraded")],
            "degraded",
            "Gmail lacks a permission since 14:02. Reconnect it and allow it.",
        ),
        (
            [ill("timeout", provider="klavis")],
            "unhealthy",
            "Gmail through Klavis is failing since 14:02. You need do nothing. We keep checking.",
        ),
        (
            [ill("slow", status="degraded")],
            "degraded",
            "Gmail through Composio answers slowly since 14:02."
            " You need do nothing. We keep checking.",
        ),
        (
            [Row(own_status="unknown", error_code="key_rejected")],
            "unknown",
            "We cannot tell how Gmail is right now. You need do nothing.",
        ),
        (
            [Row(own_status="unknown", error_code="pending")],
            "unknown",
            "Gmail is still being set up."
            " If you stopped halfway, connect it again in the app where you began.",
        ),
    ],
)
def test_the_banner_names_the_cause(rows: list[Row], tone: str, sentence: str) -> None:
    said = banner(*rows)

    assert (said.tone, said.sentence) == (tone, sentence)


def test_an_outage_is_the_providers_and_nobody_need_act() -> None:
    said = banner(ill("server_error"), Row(), outages=(Outage(),))

    assert said.tone == "incident"
    assert said.sentence == (
        "Gmail through Composio is failing for everyone since 14:02. You need do nothing."
    )
    assert said.more == []


def test_what_only_the_person_can_mend_comes_first() -> None:
    said = banner(ill("auth_expired", name="Slack", service="slack"), outages=(Outage(),))

    assert said.sentence == "Your Slack connection expired at 14:02. Reconnect it."
    assert said.more == [
        "Gmail through Composio is failing for everyone since 14:02. You need do nothing."
    ]


def test_what_is_paused_is_said_besides() -> None:
    said = banner(Row(), Row(name="Slack", is_paused=True))

    assert said.sentence == "Gmail works."
    assert said.more == ["Slack is paused: nobody checks it."]


GMAILS = [ill("timeout"), ill("timeout")]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            GMAILS,
            "2 Gmail integrations through Composio are failing since 14:02."
            " You need do nothing. We keep checking.",
        ),
        (
            [*GMAILS, ill("timeout", name="Slack")],
            "2 Gmail integrations and Slack through Composio are failing since 14:02."
            " You need do nothing. We keep checking.",
        ),
        (
            [ill("auth_expired"), ill("auth_expired")],
            "2 of your Gmail connections expired. Reconnect them.",
        ),
        (
            [ill("auth_expired"), ill("auth_expired"), ill("auth_expired", name="Slack")],
            "3 of your connections expired: 2 Gmail integrations and Slack. Reconnect them.",
        ),
        (
            [ill("permission", status="degraded")] * 2,
            "2 Gmail integrations lack a permission since 14:02. Reconnect them and allow it.",
        ),
        (
            [ill("auth_expired", status="degraded")] * 2,
            "2 Gmail integrations may have expired. We look again within a minute.",
        ),
        (
            [Row(own_status="unknown", error_code="key_rejected")] * 2,
            "We cannot tell how 2 Gmail integrations are right now. You need do nothing.",
        ),
        (
            [Row(own_status="unknown", error_code="pending")] * 2,
            "2 Gmail integrations are still being set up."
            " If you stopped halfway, connect them again in the app where you began.",
        ),
        (
            [Row(is_paused=True)] * 2,
            "2 Gmail integrations are paused: nobody checks them.",
        ),
        (
            [Row(is_new=True, own_status="unknown")] * 2,
            "2 Gmail integrations are being checked for the first time.",
        ),
        (
            [Row(), Row(is_new=True, own_status="unknown")],
            "1 of 2 works, 1 is being checked.",
        ),
        (
            [Row(), Row(), *[Row(is_new=True, own_status="unknown")] * 2],
            "2 of 4 work, 2 are being checked.",
        ),
    ],
)
def test_those_of_one_name_are_counted(rows: list[Row], sentence: str) -> None:
    assert banner(*rows).sentence == sentence


def test_what_is_cut_short_counts_everybody_once() -> None:
    names = ["Gmail", "Gmail", "Slack", "Notion", "Jira", "Jira"]

    said = banner(*(ill("timeout", name=name) for name in names))

    assert said.sentence.startswith("2 Gmail integrations, Slack and 3 more through Composio are")


def test_many_names_are_cut_short() -> None:
    said = banner(*(ill("auth_expired", name=f"Box {number}") for number in range(5)))

    assert "Box 0, Box 1 and 3 more" in said.sentence


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (Row(), ""),
        (Row(own_status="unknown"), ""),
        (Row(own_status="unknown", error_code="pending"), advice.FINISH.format(it="it")),
        (Row(own_status="unknown", error_code="pending", is_paused=True), ""),
        (Row(own_status="unknown", error_code="key_rejected"), ""),
        (ill("auth_expired"), advice.RECONNECT_HERE),
        (ill("auth_expired", reauth=Call.UNSUPPORTED), advice.RECONNECT),
        (ill("auth_expired", reauth=Call.ON_HOLD), advice.HELD),
        (ill("permission", status="degraded"), advice.ALLOW_HERE),
        (ill("permission", status="degraded", reauth=Call.UNSUPPORTED), advice.ALLOW),
        (ill("timeout"), "You need do nothing. We keep checking."),
    ],
)
def test_whoever_can_do_something_is_told_what(row: Row, says: str) -> None:
    assert advice.of(row) == says
