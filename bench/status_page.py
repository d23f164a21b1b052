"""Measure what the status page costs: `python -m bench.status_page`, half a minute.

The real server shows a person's two hundred integrations; its CPU time and PostgreSQL's are counted
per page.
"""

import http.client
import json
import sys
from statistics import median
from typing import Any

from bench import api, processes, stage
from bench.stage import Broken, Stage

PAGES, ROUNDS = 20, 5
ADDRESSES = {"90d": "/", "24h": "/?range=24h"}


def measure(on: Stage) -> dict[str, Any]:
    """Return the milliseconds of CPU and the bytes of each range."""
    environment = {
        **on.environment,
        "DATABASE_POOL_SIZE": "16",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    cookie = json.loads(api.output("bench.status_rows", environment))["cookie"]
    with api.server(environment, on.worker_log.with_name("pages.log")) as (port, pid):
        return {
            name: _cost(port, pid, cookie, address, postgres=on.postgres)
            for name, address in ADDRESSES.items()
        }


def _cost(port: int, pid: int, cookie: str, address: str, *, postgres: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    size = _ask(connection, cookie, address)
    web, database = [], []
    for _ in range(ROUNDS):
        before = processes.cpu_seconds(pid), processes.cpu_seconds(postgres)
        for _ in range(PAGES):
            _ask(connection, cookie, address)
        after = processes.cpu_seconds(pid), processes.cpu_seconds(postgres)
        web.append((after[0] - before[0]) / PAGES * 1000)
        database.append((after[1] - before[1]) / PAGES * 1000)
    connection.close()
    return {
        "web_ms": round(median(web), 1),
        "postgres_ms": round(median(database), 1),
        "bytes": size,
    }


def _ask(connection: http.client.HTTPConnection, cookie: str, address: str) -> int:
    connection.request("GET", address, headers={"Cookie": f"sessionid={cookie}"})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise Broken(f"{address}: {answer.status}")
    return size


def main() -> int:
    """Measure and print."""
    with stage.running(accounts=1000) as started:
        print(json.dumps(measure(started), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
