"""Send a message to a Slack channel, through its incoming webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from alerts.senders import guard, posting
from alerts.senders.base import NeverWorks, Outgoing
from integrations_health import network

KIND = "slack"
HOSTS = ("hooks.slack.com",)
# Slack says: one message per second and webhook.
PAUSE = timedelta(seconds=1)
# Slack has no other word for a webhook that was removed.
_GONE = frozenset({404, 410})


class SlackLine:
    """Posts to incoming webhooks."""

    def __init__(self, *, resolve: guard.Resolve = guard.resolve) -> None:
        """Resolve names by `resolve`."""
        self._resolve = resolve

    def send(self, message: Outgoing) -> None:
        """Post the message's blocks. Raises MayWorkLater or NeverWorks."""
        try:
            guard.require_sendable(message.to.url, hosts=HOSTS)
        except guard.Refused as refused:
            raise NeverWorks(f"The address {refused.reason.partition(':')[0]}.") from None
        network.run(self._post(message.to.url, body=message.body.encode()))

    async def _post(self, url: str, *, body: bytes) -> None:
        async with guard.client(resolve=self._resolve) as client:
            headers = {"content-type": "application/json"}
            await posting.post(client, url, body=body, headers=headers, gone=_GONE)


class SlackSender:
    """Channels of Slack."""

    kind = KIND
    pause = PAUSE

    @contextmanager
    def open(self) -> Iterator[SlackLine]:
        """Return the way out; nothing is connected before there is something to send."""
        yield SlackLine()
