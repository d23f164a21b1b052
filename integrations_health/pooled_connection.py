"""Let others use this thread's database connection while the thread waits for something else."""

from django.db import connection


def let_go() -> None:
    """Give the connection back to its pool; where there is no pool a process keeps its own."""
    if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
        connection.close()
