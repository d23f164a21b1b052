"""What the embedded PostgreSQL is told when it starts."""

from pathlib import Path

import pytest

from config import postgres_settings

MB = 1024**2


@pytest.mark.parametrize(
    ("memory_mb", "buffers_mb"), [(256, 128), (1_024, 256), (2_048, 512), (64_000, 512)]
)
def test_a_quarter_of_the_memory_is_for_buffers_within_bounds(
    memory_mb: int, buffers_mb: int
) -> None:
    assert postgres_settings.buffers_mb(memory_mb * MB) == buffers_mb


def test_only_what_is_thrown_away_does_not_wait_for_the_disk() -> None:
    kept = dict(postgres_settings.settings(sockets=Path("/s"), is_durable=True))
    thrown_away = dict(postgres_settings.settings(sockets=Path("/s"), is_durable=False))

    assert "fsync" not in kept
    assert thrown_away["fsync"] == "off"
