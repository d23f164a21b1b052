"""Staff are told of a machine whose clock is wrong, for as long as it is."""

import socket
from datetime import timedelta

import pytest
import time_machine
from celery import states

from alerts import host_clocks, notices
from alerts.models import StaffNotice
from config import host_clock
from integrations_health import clock, tasks
from tests import factories
from tests.alarms import told

pytestmark = pytest.mark.django_db

RIGHT = timedelta()


def look(off: timedelta, *, host: str = "worker-1") -> None:
    """Let a machine look whose clock is off by so much."""
    with time_machine.travel(off):
        host_clocks.follow(host)


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(minutes=10, seconds=30), "10 min ahead of"),
        (timedelta(seconds=-9, milliseconds=-900), "9 s behind"),
    ],
)
def test_staff_are_told_once_of_a_clock_that_is_wrong(off: timedelta, said: str) -> None:
    somebody = factories.staff()

    for _ in range(3):
        look(off)

    (notice,) = StaffNotice.objects.all()
    assert notice.subject == "worker-1"
    assert notice.message == f"The clock of worker-1 is {said} the database's."
    assert told() == [("opened", f"user:{somebody.pk}")]


@pytest.mark.parametrize("off", [timedelta(seconds=4), timedelta(seconds=-4), RIGHT])
def test_a_few_seconds_are_nothing_to_tell(off: timedelta) -> None:
    look(off)

    assert not StaffNotice.objects.exists()


def test_it_is_over_when_that_machine_is_right_again() -> None:
    somebody = factories.staff()
    look(timedelta(hours=1))
    look(timedelta(hours=1), host="worker-2")

    look(RIGHT)

    (still,) = StaffNotice.objects.filter(closed_at=None)
    assert still.subject == "worker-2"
    assert told().count(("recovered", f"user:{somebody.pk}")) == 1


def test_it_is_over_some_time_after_the_machine_is_gone() -> None:
    look(timedelta(hours=1))

    notices.close_stale(now=clock.now() + timedelta(minutes=76))

    assert not StaffNotice.objects.filter(closed_at=None).exists()


def test_a_worker_looks_after_a_tick_that_went_well_once_a_minute() -> None:
    watch = host_clock.Watch([tasks.wake_workers.name])

    with time_machine.travel(timedelta(hours=1)):
        watch.look(sender=tasks.check_batch, state=states.SUCCESS)
        watch.look(sender=tasks.wake_workers, state=states.FAILURE)
        assert not StaffNotice.objects.exists()

        watch.look(sender=tasks.wake_workers, state=states.SUCCESS)
        assert StaffNotice.objects.get().subject == socket.gethostname()
        StaffNotice.objects.all().delete()

        watch.look(sender=tasks.wake_workers, state=states.SUCCESS)
        assert not StaffNotice.objects.exists()
