"""Ask several things at once: the first that finds no budget ends them all."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from integrations_health.providers.base import NoBudget

T = TypeVar("T")


async def together(questions: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the answers in the order of the questions. Raises NoBudget when one of them does."""
    if len(questions) == 1:
        # Nobody else is there to wait for: no task is needed.
        return [await questions[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in questions]
    except* NoBudget as refused:
        raise NoBudget from refused
    return [task.result() for task in tasks]
