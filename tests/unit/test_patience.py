"""How often one check asks again."""

from datetime import timedelta

import pytest

from integrations_health.outcomes import Outcome
from integrations_health.patience import Patience
from integrations_health.providers.base import Call, Failure

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("retry_after", "calls"),
    [(None, 2), (timedelta(), 2), (timedelta(seconds=-5), 2), (timedelta(seconds=30), 1)],
)
async def test_who_says_to_wait_is_not_asked_again_at_once(
    retry_after: timedelta | None, calls: int
) -> None:
    away = Failure(outcome=Outcome.SERVER_ERROR, call=Call("x", 503), retry_after=retry_after)
    answers: list[Failure | str] = [away, "good"]
    asked = 0

    async def ask() -> Failure | str:
        nonlocal asked
        asked += 1
        return answers[asked - 1]

    await Patience(targets=1).ask(ask)

    assert asked == calls
