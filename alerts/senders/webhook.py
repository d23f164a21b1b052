"""Send a message to a webhook, signed as Standard Webhooks says."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from ssl import SSLContext

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from alerts.senders import guard, posting
from alerts.senders.base import NeverWorks, Outgoing
from integrations_health import network

KIND = "webhook"
MOST_BYTES = 20_000


class WebhookLine:
    """Posts to webhooks."""

    def __init__(
        self, *, resolve: guard.Resolve = guard.resolve, tls: SSLContext | None = None
    ) -> None:
        """Resolve names by `resolve`, and trust the servers that `tls` trusts."""
        self._resolve, self._tls = resolve, tls

    def send(self, message: Outgoing) -> None:
        """Post the body as it was frozen. Raises MayWorkLater or NeverWorks."""
        _require_sendable(message.to.url)
        body = message.body.encode()
        if len(body) > MOST_BYTES:
            raise NeverWorks("The message is too long for a webhook.")
        headers = {
            "content-type": "application/json",
            "webhook-id": str(message.id),
            **signed(message),
        }
        network.run(self._post(message.to.url, body=body, headers=headers))

    async def _post(self, url: str, *, body: bytes, headers: dict[str, str]) -> None:
        async with guard.client(resolve=self._resolve, tls=self._tls) as client:
            await posting.post(client, url, body=body, headers=headers)


class WebhookSender:
    """Webhooks of whoever wants to be told by one."""

    kind = KIND
    pause = timedelta()

    @contextmanager
    def open(self) -> Iterator[WebhookLine]:
        """Return the way out; nothing is connected before there is something to send."""
        yield WebhookLine()


def signed(message: Outgoing) -> dict[str, str]:
    """Return the headers that sign a message as of when it was made, by each secret."""
    if not message.to.secrets:
        raise NeverWorks("It has no secret to sign with.")
    # The library takes an instant in any other zone for one in UTC.
    at, signatures = message.made_at.astimezone(UTC), []
    for secret in message.to.secrets:
        try:
            signature = Webhook(secret).sign(str(message.id), at, message.body)
        except (EmptyWebhookSecretError, RuntimeError, ValueError):
            raise NeverWorks("Its secret cannot sign.") from None
        signatures.append(signature)
    return {
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def new_secret() -> str:
    """Return a fresh secret, such as receivers' libraries take."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _require_sendable(url: str) -> None:
    try:
        guard.require_sendable(url)
    except guard.Refused as refused:
        raise NeverWorks(f"The address {refused.reason.partition(':')[0]}.") from None
