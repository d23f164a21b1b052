"""A provider's side of the wire, given by a function: who was asked what, and what they answer."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx

from integrations_health.providers.base import NoBudget

DEADLINE = timedelta(seconds=5)
OPTIONS: dict[str, Any] = {
    "base_url": "https://api.example.com/",
    "api_key": "key-1",
    "concurrency": 10,
    "deadline": DEADLINE,
}

Answer = httpx.Response | Exception


class Wire(httpx.AsyncBaseTransport):
    """Answers requests in their order, or by a function, and remembers them."""

    def __init__(
        self,
        *answers: Answer,
        by: Callable[[httpx.Request], httpx.Response] | None = None,
    ) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self._by = by

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        if self._by is not None:
            return self._by(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        # A response is read once: each request gets one of its own.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def paths(self) -> list[str]:
        """The method and path of every request so far."""
        return [f"{request.method} {request.url.path}" for request in self.requests]


class Gatekeeper:
    """Counts who passes, and lets nobody through after `most`."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.passed = 0
        self._most = most

    async def __call__(self) -> None:
        """Let one request through. Raises NoBudget."""
        if self.passed >= self._most:
            raise NoBudget
        self.passed += 1


def said(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    """Return a JSON answer."""
    return httpx.Response(status, json=value, headers=headers)


def asked_for(request: httpx.Request, name: str) -> Sequence[str]:
    """Return the comma-joined values of a parameter."""
    return str(request.url.params.get(name, "")).split(",")
