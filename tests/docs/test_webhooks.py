"""What docs/clients/webhooks.md shows is what a receiver gets."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from alerts import messages, retries
from alerts.news import Told
from alerts.senders import posting

TEXT = (Path(__file__).parents[2] / "docs" / "clients" / "webhooks.md").read_text()
SINGLE, DIGEST, TEST = (
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", TEXT, re.M | re.S)
)
AT = datetime(2026, 11, 24, 9, 10, 30, tzinfo=UTC)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def told(shown: dict[str, Any], *, event: str) -> Told:
    """Return what makes the facts that are shown."""
    opened_at = datetime.fromisoformat(shown["openedAt"])
    if "noticeId" in shown:
        return Told(
            event=event,
            sentence=shown["message"],
            id=UUID(shown["noticeId"]),
            began_at=opened_at,
            is_notice=True,
        )
    return Told(
        event=event,
        sentence="",
        id=UUID(shown["alertId"]),
        began_at=datetime.fromisoformat(shown["since"]),
        opened_at=opened_at,
        ended_at=instant(shown.get("resolvedAt")),
        severity=shown["severity"],
        service=shown["service"],
        provider=shown["provider"],
        error_code=shown["errorCode"],
        integration_id=UUID(shown["integrationId"]),
        user_id=UUID(shown["userId"]),
        user=shown["user"],
        is_whole=shown.get("tellsOpening", False),
    )


def test_one_thing_is_what_is_shown() -> None:
    one = told(SINGLE["data"], event=SINGLE["type"].partition(".")[2])

    assert json.loads(messages.webhook([one], at=AT)) == SINGLE


def test_several_are_what_is_shown() -> None:
    some = [told(item, event=item["type"]) for item in DIGEST["data"]["items"]]

    assert json.loads(messages.webhook(some, at=AT)) == DIGEST


def test_a_test_is_what_is_shown() -> None:
    trial = Told(
        event="opened",
        sentence=TEST["data"]["message"],
        id=UUID(int=1),
        began_at=AT,
        is_notice=True,
        is_trial=True,
    )

    assert json.loads(messages.webhook([trial], at=AT)) == TEST


def test_the_schedule_is_what_is_said() -> None:
    said = TEXT.partition("tried again after ")[2].partition(", or when")[0]
    spans = [re.findall(r"(\d+) (s|min|h)\b", part)[0] for part in re.split(r",|and", said)]
    units = {"s": "seconds", "min": "minutes", "h": "hours"}

    assert [timedelta(**{units[unit]: int(number)}) for number, unit in spans] == list(
        retries.SCHEDULE
    )
    assert f"within {posting.DEADLINE_SECONDS:.0f} seconds" in TEXT
    assert posting.FEW_ATTEMPTS == 3


def test_as_many_are_listed_as_is_said() -> None:
    assert messages.MOST_IN_A_WEBHOOK == 30
    assert "the first thirty of" in TEXT
