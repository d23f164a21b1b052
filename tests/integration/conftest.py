"""Servers that take messages, for the product to send to."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations_health import network
from tests import receivers
from tests.receivers import MailReceiver, WebReceiver


@pytest.fixture
def receiver(settings: Any) -> Iterator[WebReceiver]:
    """Return a web server that the product may post to."""
    with receivers.web() as running:
        settings.DELIVERY_TRUSTED_HOSTS = [running.host]
        yield running
    network.close()


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailReceiver]:
    """Return a mail server that the product sends by."""
    with receivers.mail() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "Health <health@example.com>"
        settings.PUBLIC_URL = "https://health.example.com"
        yield running
