"""How long a test lets the product wait for answers."""

from datetime import timedelta
from typing import Any


def wait_for_answers(settings: Any, call_deadline: timedelta) -> None:
    """Wait so long for an answer, and in proportion for those of a check and of a batch."""
    settings.CALL_DEADLINE = call_deadline
    settings.CHECK_DEADLINE = call_deadline * 2.2
    settings.BATCH_DEADLINE = call_deadline * 6
