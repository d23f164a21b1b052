"""Press the buttons of destinations in the admin, and read what that said."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from alerts.models import Destination


def press(client: Client, verb: str, there: Destination, **typed: Any) -> Any:
    """Press a button of a destination's page; return the page that follows."""
    page = reverse(f"admin:alerts_destination_{verb}", args=[there.pk])
    return client.post(page, typed, follow=True)


def said(answer: Any) -> list[str]:
    """Return what a page tells the person of what they did."""
    return [str(message) for message in answer.context["messages"]]


def audited() -> list[str]:
    """Return what was written down of what staff did, in order."""
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))
