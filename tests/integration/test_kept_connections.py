"""A worker keeps its database connection from task to task, unless it may lead astray."""

import pytest
from celery import signals
from django.db import connection

from config.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_connection_outlives_a_task_that_went_well() -> None:
    connection.ensure_connection()
    before = connection.connection

    signals.task_prerun.send(sender=app)
    signals.task_postrun.send(sender=app)

    assert connection.connection is before


def test_after_a_task_that_failed_the_next_one_connects_anew() -> None:
    connection.ensure_connection()

    signals.task_failure.send(sender=app)

    assert connection.connection is None
