"""Measure what a check costs: `python -m bench`, a quarter of an hour; `N` are checked."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import api, machine, measure, report, sockets, stage, storm
from bench.references import References
from bench.stage import Stage
from config.server_errors import CannotStart

LATEST = Path(__file__).with_name("latest.json")
SMALL_TABLE, LARGE_TABLE = 10_000, 300_000
_MODES = {"probed": measure.ALWAYS, "status_only": measure.STATUS_ONLY}
_WARM_UP = 2_000
# Of so many the middle one counts: a sweep lasts a second or four, and a neighbour's moment must
# not decide alone. By what a check costs in bare calls; the pairs by how the large table compares.
_TIMES, _PAIRS = 5, 3


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write `bench/latest.json`; return 1 when something could not be run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--checks", type=_count, default=os.environ.get("N") or "20000")
    parser.add_argument("--large-table", type=_count, default=LARGE_TABLE)
    options = parser.parse_args(arguments)
    # Told to stop, the servers stop too, as they do after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with stage.running(accounts=max(options.large_table, options.checks) + 1000) as started:
            found = _measure(started, checks=options.checks, large=options.large_table)
    except (CannotStart, stage.Broken) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing is left behind.", file=sys.stderr)
        return 130
    LATEST.write_text(json.dumps(found, indent=2) + "\n")
    print(report.text(found))
    return 0


def _measure(on: Stage, *, checks: int, large: int) -> dict[str, Any]:
    print("the status page of somebody with many integrations", file=sys.stderr)
    # Nothing but the figures: on a clean clone there are no static files, and a warning says so.
    page = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONWARNINGS": "ignore:No directory at"}
    status_page = json.loads(on.run_module("bench.page_alone", variables=page))
    references = References()

    def run(what: str, *, table: int, policy: str) -> dict[str, Any]:
        print(f"{what}: {checks:,} checks of {table:,} integrations", file=sys.stderr)
        measure.run(on, table=table, due=min(_WARM_UP, checks), policy=policy)
        return measure.run(on, table=table, due=checks, policy=policy).as_json()

    def compared(what: str, *, policy: str) -> dict[str, Any]:
        found = []
        for _ in range(_TIMES):
            one = run(what, table=max(checks, SMALL_TABLE), policy=policy)
            references.measure_calls(on)
            found.append({**one, "bare_call_us": round(references.around_last_run(), 1)})
        return sorted(found, key=report.in_bare_calls)[_TIMES // 2]

    def of_both_sizes(what: str, *, policy: str) -> dict[str, dict[str, Any]]:
        # In turn: the machine of a few minutes later is another one.
        sizes = {"small": SMALL_TABLE, "large": large}
        found = [
            {
                name: run(f"{what}, {name} table", table=table, policy=policy)
                for name, table in sizes.items()
            }
            for _ in range(_PAIRS)
        ]
        return sorted(found, key=report.growth)[_PAIRS // 2]

    for name, policy in _MODES.items():
        run(f"{name}, to warm up", table=SMALL_TABLE, policy=policy)
    # While the table is as small as the storm.
    print("ten thousand failures within a minute", file=sys.stderr)
    found_of_storm = storm.measure(on)
    references.measure_sql(on, table=checks, due=checks)
    references.measure_calls(on)
    runs = {name: compared(name, policy=policy) for name, policy in _MODES.items()}
    sizes = {name: of_both_sizes(name, policy=policy) for name, policy in _MODES.items()}
    references.measure_calls(on)
    print("the API, and bare views beside it", file=sys.stderr)
    found_of_api = api.measure(on)
    print("2,000 open sockets, and changes", file=sys.stderr)
    found = {
        **machine.description(postgres=on.rows.server_version()),
        **runs["probed"],
        "status_only": runs["status_only"],
        "table_sizes": sizes,
        "references": references.as_json(),
        "api": found_of_api,
        "storm": found_of_storm,
        "sockets": sockets.measure(on),
        "status_page": status_page,
    }
    return {**found, "targets": [target.as_json() for target in report.targets(found)]}


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of integrations: type 20000, say")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
