"""Run the provider simulator: `python -m integrations_health.providers.simulator --port 8900`."""

import argparse
import json
import os
import sys
from pathlib import Path

from integrations_health.providers.simulator import demo
from integrations_health.providers.simulator.serve import is_loopback, listen, serve
from integrations_health.providers.simulator.world import API_KEY, Simulator


def main() -> None:
    """Serve, or print what the demo's importer wants to know."""
    options = _options()
    is_demo = options.population == "demo"
    simulator = Simulator(
        api_key=os.environ.get("SIMULATOR_API_KEY", API_KEY),
        crowd=0 if is_demo else int(options.population),
        seed=options.seed,
        latency_ms=options.latency_ms,
        log=options.log,
    )
    if is_demo:
        demo.populate(simulator)
    if options.print_mcp:
        simulator.base_url = f"http://{options.host}:{options.port}"
        json.dump(demo.mcp_connections(simulator), sys.stdout, indent=2)
        print()
        return
    if not is_loopback(options.host) and simulator.api_key == API_KEY:
        sys.exit("Set SIMULATOR_API_KEY before others can reach the simulator.")
    try:
        listener = listen(simulator, host=options.host, port=options.port)
    except OSError as problem:
        sys.exit(f"Cannot listen on {options.host}:{options.port}: {problem.strerror}")
    print(f"The provider simulator listens on {simulator.base_url}", flush=True)
    serve(simulator, listener)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--population", default="demo", help="`demo`, or a number of accounts")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--latency-ms", type=float, default=0)
    log = os.environ.get("SIMULATOR_LOG")
    parser.add_argument("--log", type=Path, default=Path(log) if log else None)
    parser.add_argument("--print-mcp", action="store_true", help="print the demo's MCP servers")
    options = parser.parse_args()
    if options.population != "demo" and not options.population.isdecimal():
        parser.error("--population takes `demo` or a number")
    return options


if __name__ == "__main__":
    main()
