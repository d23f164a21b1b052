"""Destinations: how they answered, their secrets, switched off and on."""

import threading
import time
from datetime import timedelta

import pytest

from alerts import delivery, destinations, trials
from alerts.models import StaffNotice
from alerts.retries import MOST_ATTEMPTS
from tests import factories
from tests.conftest import NOW
from tests.delivering import SOON, hook, waiting
from tests.receivers import WebReceiver

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def test_the_destination_knows_how_it_answered(receiver: WebReceiver) -> None:
    there = hook(receiver)
    waiting(destination=there)
    receiver.answer(500)

    delivery.run("webhook", now=NOW)
    there.refresh_from_db()
    failed = (there.last_attempt_at, there.last_success_at, there.last_error)
    delivery.run("webhook", now=SOON)
    there.refresh_from_db()

    assert failed == (NOW, None, "It answered with status 500.")
    assert (there.last_attempt_at, there.last_success_at, there.last_error) == (SOON, SOON, "")
    assert there.last_duration_ms is not None


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day() -> None:
    there = factories.destination(kind="webhook")
    old = there.secret

    new = destinations.rotate_secret(there, now=NOW)

    there.refresh_from_db()
    soon, later = NOW + timedelta(hours=23), NOW + timedelta(hours=24)
    assert destinations.address_of(there.pk, now=soon).secrets == (new, old)
    assert destinations.address_of(there.pk, now=later).secrets == (new,)


def test_a_destination_is_tried_out(receiver: WebReceiver) -> None:
    there = hook(receiver)
    receiver.answer(404)

    first, second = trials.send(there, now=NOW), trials.send(there, now=SOON)

    assert (first, second) == ("It answered with status 404.", "")
    assert len(set(receiver.ids())) == 2
    there.refresh_from_db()
    assert there.last_success_at == SOON


def test_nobody_waits_for_a_test_that_hangs(receiver: WebReceiver) -> None:
    there = hook(receiver)
    released = threading.Event()

    def hang(_: object) -> None:
        released.wait(10)

    receiver.answers.append(hang)
    began_at = time.monotonic()

    error = trials.send(there, now=NOW, within=timedelta(seconds=0.3))

    assert time.monotonic() - began_at < 5
    released.set()
    there.refresh_from_db()
    assert error == there.last_error == "There was no answer in time."
    assert there.last_duration_ms == 300


def test_a_destination_that_is_switched_on_again_takes_messages(receiver: WebReceiver) -> None:
    there = hook(receiver)
    destinations.disable(there, "It answered with status 410.", now=NOW)

    destinations.enable(there, now=SOON)

    waiting(destination=there)
    delivery.run("webhook", now=SOON)
    assert len(receiver.requests) == 1
    assert not StaffNotice.objects.filter(closed_at=None).exists()


def test_one_refusal_after_quiet_days_switches_nothing_off(receiver: WebReceiver) -> None:
    there = hook(receiver, last_success_at=NOW - timedelta(days=30))
    waiting(destination=there, attempts=2, is_collecting=False, created_at=NOW)
    receiver.answer(400)

    delivery.run("webhook", now=NOW)

    there.refresh_from_db()
    assert there.enabled


def test_refusals_over_days_switch_it_off(receiver: WebReceiver) -> None:
    there = hook(receiver, last_success_at=NOW - timedelta(days=30))
    before = NOW - timedelta(days=3)
    waiting(destination=there, state="dead", created_at=before)
    waiting(destination=there, attempts=2, is_collecting=False, created_at=NOW)
    receiver.answer(400)

    delivery.run("webhook", now=NOW)

    there.refresh_from_db()
    assert not there.enabled


def test_what_has_just_taken_a_message_again_stays_on_when_another_dies(
    receiver: WebReceiver,
) -> None:
    there = hook(receiver, last_success_at=NOW - timedelta(days=4))
    before = NOW - MINUTE
    waiting(destination=there, is_collecting=False, next_attempt_at=before)
    waiting(destination=there, is_collecting=False, attempts=MOST_ATTEMPTS - 1)
    receiver.answer(200)
    receiver.answer(503)

    delivery.run("webhook", now=NOW)

    there.refresh_from_db()
    assert (there.enabled, there.last_success_at) == (True, NOW)
