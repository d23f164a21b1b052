"""Press the buttons of alerts, and read what is said afterwards."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from alerts.models import Alert
from tests import factories

CAUSE = "composio/gmail/timeout"


def act(client: Client, verb: str, query: Any = "", **fields: Any) -> Any:
    address = reverse("admin:alerts_alert_act", args=[verb]) + (f"?{query}" if query else "")
    return client.post(address, fields, follow=True)


def ticked(*alerts: Alert) -> dict[str, list[UUID]]:
    return {"_selected_action": [alert.pk for alert in alerts]}


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def timeouts(count: int, **fields: Any) -> list[Alert]:
    return [factories.alert(error_code="timeout", **fields) for _ in range(count)]


def person(*permissions: str) -> Client:
    """Return a browser of somebody on the staff who may do only this."""
    somebody = factories.user(is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        somebody.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client()
    client.force_login(somebody)
    return client
