"""What beat really sends, and when: the timetable as it stands in the database."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from config import tasks
from config.celery import app
from config.environment import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def wake_up() -> ModelEntry:
    name = "wake workers"
    ModelEntry.from_entry(name, app=app, **app.conf.beat_schedule[name])
    return ModelEntry(PeriodicTask.objects.get(name=name), app=app)


def test_a_tick_that_nobody_took_ends_with_the_next(wake_up: ModelEntry) -> None:
    assert wake_up.options["expires"] == settings.TICK.total_seconds()


def test_a_tick_comes_as_often_as_the_setting_says(wake_up: ModelEntry) -> None:
    assert wake_up.schedule.run_every == settings.TICK


def test_a_tick_that_the_timetable_cannot_hold_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env={**os.environ, "TICK_SECONDS": "0.5"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "TICK_SECONDS=0.5 is not understood" in done.stderr


def test_sessions_that_have_run_out_go() -> None:
    now = timezone.now()
    for key, left in (("over", -1), ("running", 1)):
        Session.objects.create(session_key=key, expire_date=now + timedelta(minutes=left))

    tasks.clear_sessions()

    assert Session.objects.get().session_key == "running"
