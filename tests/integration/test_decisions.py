"""What was decided can be read for ninety days."""

from datetime import timedelta

import pytest

from alerts import decisions
from alerts.decisions import Line, Verdict
from alerts.models import Decision
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_decisions_keep_their_order() -> None:
    alert = factories.alert()
    lines = [Line(alert.pk, Verdict.OPENED, str(number)) for number in range(50)]

    decisions.append(lines, at=NOW)

    found = Decision.objects.order_by("id").values_list("reason", flat=True)
    assert list(found) == [line.reason for line in lines]


def test_a_reason_that_is_too_long_is_cut() -> None:
    decisions.append([Line(factories.alert().pk, Verdict.OPENED, "x" * 900)], at=NOW)

    assert len(Decision.objects.get().reason) == 500


def test_what_is_older_than_ninety_days_goes_however_much_it_is() -> None:
    line = Line(factories.alert().pk, Verdict.OPENED, "")
    decisions.append([line] * 5, at=NOW - timedelta(days=91))
    decisions.append([line] * 2, at=NOW - timedelta(days=89))

    assert decisions.prune(now=NOW, at_once=2) == 5
    assert Decision.objects.count() == 2
