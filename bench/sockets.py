"""Load one web process with open sockets: `python -m bench.sockets`, about two minutes.

Changes flow, and among the clients are some that read slowly and some that never do. Measured are
the time from commit to frame, and the memory of the process.
"""

import asyncio
import json
import secrets
import sys
from collections.abc import Mapping
from statistics import median, quantiles
from typing import Any

from bench import processes, stage
from bench.socket_clients import Crowd
from bench.stage import ROOT, Stage
from config import child, open_files

SOCKETS, SOCKETS_EACH = 2_000, 2
NEVER_READ, READ_SLOWLY = 50, 50
SECONDS, PER_SECOND = 60, 100
_STOP_SECONDS = 10


def measure(on: Stage) -> dict[str, Any]:
    """Return how one process bears the crowd."""
    open_files.allow_many()
    variables = {
        "JWT_SECRET": secrets.token_urlsafe(40),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    environment = {**on.environment, **variables}
    users = SOCKETS // SOCKETS_EACH
    with on.worker_held():
        lookers = json.loads(on.run_module("bench.socket_rows", str(users), variables=variables))
        log = on.worker_log.with_name("sockets.log")
        port = stage.free_port()
        with log.open("wb") as output:
            process = child.start(
                stage.command_of("web"),
                output=output,
                env={**environment, "PORT": str(port), "HOST": "127.0.0.1"},
                cwd=ROOT,
            )
        try:
            stage.wait_for(process, port, log=log)
            return asyncio.run(_load(on, lookers, port, process.pid, variables))
        finally:
            child.stop(process, signal_number=15, patience=_STOP_SECONDS)


async def _load(
    on: Stage,
    lookers: list[dict[str, Any]],
    port: int,
    pid: int,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    crowd = Crowd(port)
    empty = processes.memory_bytes(pid)
    readers = [looker for looker in lookers for _ in range(SOCKETS_EACH)]
    deaf, slow = NEVER_READ, NEVER_READ + READ_SLOWLY
    await crowd.gather(readers[slow:])
    full = processes.memory_bytes(pid)
    with processes.MemoryWatch(pid) as memory:
        await crowd.gather_deaf(readers[:deaf], is_slow=False)
        await crowd.gather_deaf(readers[deaf:slow], is_slow=True)
        cpu = processes.cpu_seconds(pid)
        flow = json.loads(
            await asyncio.to_thread(
                on.run_module, "bench.changes", str(SECONDS), str(PER_SECOND), variables=variables
            )
        )
        await asyncio.sleep(1)
        cpu = processes.cpu_seconds(pid) - cpu
    await crowd.leave()
    committed = {(pk, version): at for pk, version, at in flow["committed"]}
    heard = crowd.heard
    took = [at - committed[pk, version] for pk, version, at in heard.frames]
    quarter = max(len(memory.sizes) // 4, 1)
    return {
        "sockets": len(readers),
        "changes_per_second": round(len(committed) / flow["seconds"], 1),
        "frames": len(took),
        "commit_to_frame_ms": {
            "p50": round(median(took) * 1e3, 1),
            "p95": round(quantiles(took, n=20)[-1] * 1e3, 1),
            "max": round(max(took) * 1e3, 1),
        },
        "readers_lost": heard.lost,
        "never_read": {
            "clients": NEVER_READ + READ_SLOWLY,
            "closed": len(heard.closed_after),
            "closed_after_seconds_at_most": round(max(heard.closed_after, default=0), 1),
        },
        "memory_mb": {
            "without_sockets": round(empty / 1e6, 1),
            "per_socket_kb": round((full - empty) / len(readers[slow:]) / 1e3, 1),
            "first_quarter": round(median(memory.sizes[:quarter]) / 1e6, 1),
            "last_quarter": round(median(memory.sizes[-quarter:]) / 1e6, 1),
        },
        "cpu_share": round(cpu / flow["seconds"], 2),
    }


def main() -> int:
    """Measure and print."""
    with stage.running(accounts=10) as started:
        print(json.dumps(measure(started), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
