"""A log line is one line, an event with its fields, whoever reads it."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from structlog.contextvars import bound_contextvars

from config import logs
from integrations_health import reauth_tokens
from integrations_health.reauth_tokens import Kind, Token

FORGED = 'gmail\n{"level": "critical"}\r\x1b[31m'


def line(*, as_text: bool, event: str = "batch.done", **extra: Any) -> str:
    record = logging.getLogger("tests").makeRecord(
        "tests", logging.WARNING, __file__, 1, event, (), None, extra=extra
    )
    return logs.formatter(as_text=as_text).format(record)


def test_a_line_for_machines_is_one_json_object() -> None:
    with bound_contextvars(request_id="r-1"):
        said = json.loads(line(as_text=False, provider="composio", count=3))

    assert said.pop("timestamp")
    assert said == {
        "event": "batch.done",
        "level": "warning",
        "logger": "tests",
        "provider": "composio",
        "count": 3,
        "request_id": "r-1",
    }


def test_a_line_for_people_says_the_same() -> None:
    said = line(as_text=True, provider="composio")

    assert "batch.done" in said
    assert "provider=composio" in said


@pytest.mark.parametrize("as_text", [True, False])
def test_what_somebody_else_wrote_begins_no_line(as_text: bool) -> None:
    said = line(as_text=as_text, event=FORGED, service=FORGED)

    assert "\n" not in said
    assert "\r" not in said
    assert "\x1b" not in said


def test_a_traceback_stays_on_the_line_of_its_event() -> None:
    try:
        raise ZeroDivisionError("nothing to see")
    except ZeroDivisionError:
        record = logging.getLogger("tests").makeRecord(
            "tests", logging.ERROR, __file__, 1, "check.crashed", (), sys.exc_info()
        )

    said = logs.formatter(as_text=False).format(record)

    assert "\n" not in said
    assert "ZeroDivisionError" in json.loads(said)["exception"]


def test_what_is_no_json_is_written_all_the_same() -> None:
    assert json.loads(line(as_text=False, at=object()))["at"].startswith("<object")


def test_a_request_is_not_written_down() -> None:
    assert "secret" not in line(as_text=False, request={"query": "secret"})


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("path", ["/reconnect/{}/", "/reconnect/back/{}/"])
def test_who_follows_a_link_of_ours_is_not_known_by_the_log(as_text: bool, path: str) -> None:
    token = reauth_tokens.sign(Kind.LINK, Token(uuid4(), uuid4(), uuid4(), datetime.now(UTC)))

    said = line(as_text=as_text, event=f"Internal Server Error: {path.format(token)}")

    assert token not in said
    assert f"Internal Server Error: {path.format('[token]')}" in said
