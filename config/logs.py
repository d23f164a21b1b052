"""How log lines look: one line per event, its fields and the request's id beside it."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Who follows such an address is known by it; Django logs the path of what failed.
_TOKEN_IN_PATH = re.compile(r"(/reconnect/(?:back/)?)[\w.-]{20,}")
Event = MutableMapping[str, Any]


def configuration(*, as_text: bool) -> dict[str, Any]:
    """Return Django's LOGGING: JSON for machines, or text for whoever reads a terminal."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "config.logs.formatter", "as_text": as_text}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Django's own handlers would say everything twice, and write mail.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # A 4xx is the client's business; what fails is logged as an error.
            "django.request": {"level": "ERROR"},
            # Answered with 400; whoever scans the network is none of our errors.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
            # An address may hold a ticket for a WebSocket.
            "uvicorn.access": {"handlers": [], "propagate": False},
            # They log each URL, in which there may be a secret.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
        },
    }


def formatter(*, as_text: bool) -> logging.Formatter:
    """Return what makes a line of a log record."""
    rendering: list[Any] = (
        [_one_line, structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)]
        if as_text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _without_objects,
            _without_tokens,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )


def _without_objects(logger: Any, name: str, event: Event) -> Event:
    # Django adds the whole request, whose repr shows the query.
    event.pop("request", None)
    return event


def _without_tokens(logger: Any, name: str, event: Event) -> Event:
    event["event"] = _TOKEN_IN_PATH.sub(r"\1[token]", str(event["event"]))
    return event


def _one_line(logger: Any, name: str, event: Event) -> Event:
    # JSON escapes by itself; in text a line break would begin a line that somebody else wrote.
    return {
        key: _CONTROL.sub("?", value) if isinstance(value, str) else value
        for key, value in event.items()
    }
