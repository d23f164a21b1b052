"""What staff do to many at once is written down as what they do to one."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import RequestFactory

from alerts.models import Alert
from integrations_health import audit
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


def test_many_are_noted_as_each_would_be(rf: RequestFactory) -> None:
    alerts = [factories.alert(message=message) for message in ("Gmail is failing", "é" * 300)]
    request = rf.post("/")
    request.user = factories.staff()
    audit.note(request, alerts, "Resolved.")

    with counted_statements() as statements:
        audit.note_many(
            request, Alert, [alert.pk for alert in alerts], "Resolved.", named_by="message"
        )

    assert len(statements) == 1
    columns = ("user", "content_type", "object_id", "object_repr", "action_flag", "change_message")
    noted = list(LogEntry.objects.order_by("id").values_list(*columns))
    assert sorted(noted[:2]) == sorted(noted[2:])
