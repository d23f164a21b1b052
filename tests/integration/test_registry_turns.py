"""Several who register at the same time neither lock each other out nor undo each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from integrations_health import registry
from integrations_health.models import HealthCheck, Integration
from integrations_health.registration import Registration
from integrations_health.registry import Changes
from tests import factories
from tests.registrations import register, registration
from tests.sessions import wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_connection_of_its_own(*registrations: Registration) -> Changes:
    try:
        return register(*registrations)
    finally:
        connection.close()


def test_bulk_writers_that_meet_take_turns() -> None:
    forth = [registration(number) for number in range(400)]
    paused = [registration(number, enabled=False) for number in range(400)]
    register(*forth[:200])

    with ThreadPoolExecutor(3) as threads:
        works = [
            threads.submit(in_a_connection_of_its_own, *registrations)
            for registrations in (forth, paused[::-1], forth[::-1])
        ]
        changes = [work.result() for work in works]

    assert sum(change.created for change in changes) == 200
    assert Integration.objects.count() == 400
    assert not HealthCheck.objects.filter(enabled=True).exists()


def test_who_waits_too_long_for_a_turn_is_told() -> None:
    def wait() -> None:
        try:
            with registry.writing(Changes(), patience=timedelta(seconds=0.1)):
                pass
        finally:
            connection.close()

    with registry.writing(Changes()), ThreadPoolExecutor(1) as threads:
        work = threads.submit(wait)

        with pytest.raises(registry.Busy):
            work.result()


def test_what_another_has_just_registered_stands() -> None:
    person = factories.user(external_id="app-1")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            theirs = factories.integration(
                user=person, server_instance_id="ca_1", display_name="theirs"
            )
            work = threads.submit(in_a_connection_of_its_own, registration(display_name="ours"))
            wait_until_blocked()

        work.result()

    assert Integration.objects.get() == theirs
    assert Integration.objects.get().display_name == "theirs"
