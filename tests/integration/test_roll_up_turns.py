"""Days of very many are rolled up in several runs, each well within a task's limit."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
import redis as redis_client

from integrations_health import clock, history, partitions, rollups, tasks
from integrations_health.check_ids import check_id
from integrations_health.models import DailyHealth, Integration, RolledUpDay
from integrations_health.rollups import Unfinished
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2031, 3, 14)


def watch(count: int, *, day: date) -> list[Integration]:
    """Return so many integrations by their ids, each checked once on that day."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    partitions.ensure("integration_health_history", partitions.month_of(day))
    owner = factories.user()
    made = Integration.objects.bulk_create(
        Integration(user=owner, service="gmail", provider="mcp", server_instance_id=str(number))
        for number in range(count)
    )
    history.append(
        [
            history.HistoryRow(
                check_id(one.pk, 1, at), one.pk, owner.pk, "gmail", "healthy", "ok", 1, at, "", ""
            )
            for one in made
        ]
    )
    return sorted(made, key=lambda one: one.pk)


def rolled_up(day: date) -> set[str]:
    rows = DailyHealth.objects.filter(day=day)
    return {str(pk) for pk in rows.values_list("integration_id", flat=True)}


def test_a_run_whose_time_is_up_is_gone_on_with_where_it_stopped() -> None:
    made = watch(rollups.INTEGRATIONS_AT_ONCE + 1, day=DAY)

    with pytest.raises(Unfinished) as left:
        rollups.roll_up_missing(DAY + timedelta(days=1), within=timedelta())
    is_said = RolledUpDay.objects.exists()
    found = rolled_up(DAY)
    DailyHealth.objects.all().delete()
    days = rollups.roll_up_missing(DAY + timedelta(days=1), rest=left.value)

    assert found == {str(one.pk) for one in made[:-1]}
    assert not is_said
    assert rolled_up(DAY) == {str(made[-1].pk)}
    assert days == [DAY]
    assert RolledUpDay.objects.get().day == DAY


def test_a_rest_of_another_day_leaves_nobody_out() -> None:
    made = watch(1, day=DAY)

    rollups.roll_up_missing(
        DAY + timedelta(days=1), rest=Unfinished(DAY - timedelta(days=1), made[0].pk)
    )

    assert rolled_up(DAY) == {str(made[0].pk)}


def test_what_is_left_comes_by_the_next_message(redis: redis_client.Redis) -> None:
    yesterday = clock.today() - timedelta(days=1)
    first, second = watch(2, day=yesterday)

    tasks.go_on(Unfinished(yesterday, first.pk))
    message = json.loads(cast(bytes, redis.lpop("maintenance")))
    _, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    tasks.roll_up_history(**kwargs)

    assert rolled_up(yesterday) == {str(second.pk)}
    assert RolledUpDay.objects.get().day == yesterday
