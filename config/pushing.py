"""Push what Prometheus is told to a Pushgateway, where one is configured."""

import logging
from collections.abc import Callable, Sequence
from functools import cache

import httpx
from django.conf import settings
from prometheus_client import push_to_gateway

from config import exposition
from config.gateway import Gateway

logger = logging.getLogger(__name__)

JOB = "integration_health"
PATIENCE_SECONDS = 2.0


def push() -> None:
    """Put what every process would say in the place of what was pushed before.

    A gateway that does not take it costs a line in the log. Nothing is done without one.
    """
    gateway: Gateway | None = settings.PUSHGATEWAY
    if gateway is None:
        return
    told = exposition.registry()
    try:
        push_to_gateway(gateway.url, job=JOB, registry=told, handler=_handler(gateway))
    except httpx.HTTPError as error:
        # Never with its words, in which the address is.
        status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
        logger.warning(
            "metrics.not_pushed", extra={"reason": type(error).__name__, "status": status}
        )


def _handler(gateway: Gateway) -> Callable[..., Callable[[], None]]:
    """Return what sends for prometheus_client; its own would go by proxies of the environment."""

    def prepared(
        url: str, method: str, timeout: float, headers: Sequence[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        def send() -> None:
            who = (gateway.username, gateway.password) if gateway.username else None
            answer = _client().request(method, url, headers=dict(headers), content=data, auth=who)
            answer.raise_for_status()

        return send

    return prepared


@cache
def _client() -> httpx.Client:
    """Return the client of this process: to read the certificates takes longer than to send."""
    return httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False)
