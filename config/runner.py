"""Run the whole product in one terminal: `make run`.

Brings PostgreSQL and a Redis-compatible server where none is named, runs the Procfile's release
step, then its processes, and, without keys of real providers, a simulator of them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import child, embedded, environment, run_folder, runner_words
from config.server_errors import CannotStart
from config.supervisor import Process, Supervisor

ROOT = environment.ROOT
VAR = ROOT / "var"
# What every worker would say on many lines in a container, where it is how things are.
QUIET = (
    "ignore:You're running the worker with superuser,ignore:An entry for the specified gid or egid"
)
PROVIDER_KEYS = ("COMPOSIO_API_KEY", "KLAVIS_API_KEY")


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop. Return 0 after an orderly end, 1 when it could not start."""
    if "--with-parent" in arguments:
        # Killed `make` leaves nothing behind.
        child.follow_parent(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run()
    except (CannotStart, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    with run_folder.held(VAR):
        run_folder.make_secrets(VAR)
        environment.load_files(VAR)
        host, port = os.environ.get("HOST") or "127.0.0.1", _port()
        _require_free(host, port)
        is_demo = not any(os.environ.get(name) for name in PROVIDER_KEYS)
        # Both names of this machine that a browser may have been given.
        _set_default("PUBLIC_URL", f"http://localhost:{port}")
        _set_default("WS_ALLOWED_ORIGINS", f"http://127.0.0.1:{port}")
        with contextlib.ExitStack() as stack:
            stack.callback(print, "Everything is stopped.", flush=True)
            print("Starting PostgreSQL and Redis ...", flush=True)
            # Apart: with a key nobody of the demo is asked for at the real provider.
            data = VAR / "demo" if is_demo else VAR
            found = stack.enter_context(embedded.started(data, is_durable=True))
            variables = dict(found.urls)
            if is_demo:
                variables |= _simulated(port)
            os.environ.update(variables, PORT=str(port), HOST=host)
            run_folder.write_environment(VAR, variables)
            supervisor = stack.enter_context(_supervising(found))
            return _run_processes(supervisor, host, port, is_demo=is_demo)


def _run_processes(supervisor: Supervisor, host: str, port: int, *, is_demo: bool) -> int:
    commands = _procfile()
    simulator_port = os.environ.get("SIMULATOR_PORT", "")
    if is_demo:
        supervisor.add(_process("simulator", _simulator(simulator_port)))
    for step in commands.pop("release").split("&&"):
        if not supervisor.run_to_end(_process("release", _shell(step))):
            if supervisor.is_stopping:
                return 130
            raise CannotStart("The product was not started: the lines of `release` above say why.")
    if not supervisor.is_stopping:
        for name, command in commands.items():
            supervisor.add(_process(name, _shell(command)))
    if is_demo:
        _wait_for(supervisor, "127.0.0.1", int(simulator_port))
        is_prepared = supervisor.run_to_end(_process("demo", _manage("prepare_demo")))
        if not is_prepared and not supervisor.is_stopping:
            supervisor.say("The demo is not complete: the lines of `demo` above say why.")
    elif not supervisor.is_stopping:
        supervisor.add(_process("sync", _manage("sync_integrations"), is_restarted=False))
    _wait_for(supervisor, host, port)
    if not supervisor.is_stopping:
        print(runner_words.welcome(VAR, host=host, port=port, is_demo=is_demo), flush=True)
    supervisor.run_while(lambda: True)
    return 0


@contextlib.contextmanager
def _supervising(found: embedded.Servers) -> Iterator[Supervisor]:
    supervisor = Supervisor()
    with supervisor.catching_signals():
        for name, server in found.by_name.items():
            supervisor.add(
                Process(name=name, start=server.relaunch, is_server=True, running=server.process)
            )
        try:
            yield supervisor
        finally:
            print("Stopping ... (Ctrl-C again kills at once)", flush=True)
            supervisor.stop()


def _process(name: str, command: Sequence[str], *, is_restarted: bool = True) -> Process:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    variables = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
    variables.setdefault("PYTHONWARNINGS", QUIET)
    variables.setdefault("LOG_FORMAT", "text")
    start: Callable[[], subprocess.Popen[bytes]] = partial(
        child.start, command, output=subprocess.PIPE, cwd=ROOT, env=variables
    )
    return Process(name=name, start=start, is_restarted=is_restarted)


def _manage(command: str) -> list[str]:
    return [sys.executable, "manage.py", command]


def _shell(command: str) -> list[str]:
    return ["/bin/sh", "-c", f"exec {command.strip()}"]


def _procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    return {name.strip(): command.strip() for name, command in pairs}


def _simulated(port: int) -> dict[str, str]:
    """Return the variables that point the product at the simulator."""
    # The same port at each start, if it can be had: servers of the demo are known by their URL.
    simulator_port = port + 900 if _is_free("127.0.0.1", port + 900) else _free_port()
    url, key = f"http://127.0.0.1:{simulator_port}", os.environ["SIMULATOR_API_KEY"]
    return {
        "SIMULATOR_PORT": str(simulator_port),
        "COMPOSIO_BASE_URL": url,
        "COMPOSIO_API_KEY": key,
        "KLAVIS_BASE_URL": url,
        "KLAVIS_API_KEY": key,
        # The simulated MCP servers are on this machine.
        "MCP_ALLOW_PRIVATE_SERVERS": "1",
        # Nobody pays for these calls, and a newcomer waits for them.
        "KLAVIS_CALLS_PER_MINUTE": os.environ.get("KLAVIS_CALLS_PER_MINUTE") or "6000",
    }


def _simulator(port: str) -> list[str]:
    return [sys.executable, "-m", "integrations_health.providers.simulator", "--port", port]


def _set_default(name: str, value: str) -> None:
    os.environ[name] = os.environ.get(name) or value


def _port() -> int:
    return environment.number("PORT", default=8000, least=1, most=65_535)


def _require_free(host: str, port: int) -> None:
    try:
        _listen(host, port)
    except PermissionError:
        problem = "needs more rights than you have"
    except (socket.gaierror, UnicodeError):
        raise CannotStart(f"HOST={host} is not known. Type for example: HOST=0.0.0.0") from None
    except OSError as error:
        problem = f"cannot be had ({error.strerror})"
    else:
        return
    raise CannotStart(
        f"Port {port} of {host} {problem}: stop what uses it, or type another, for example: "
        f"make run PORT={port % 65_000 + 1 if port >= 1024 else 8000}"
    )


def _is_free(host: str, port: int) -> bool:
    try:
        _listen(host, port)
    except (OSError, OverflowError):
        return False
    return True


def _listen(host: str, port: int) -> int:
    """Bind for a moment; return the port. Raises OSError."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def _free_port() -> int:
    return _listen("127.0.0.1", 0)


def _wait_for(supervisor: Supervisor, host: str, port: int) -> None:
    """Keep everything running until somebody listens at `port`, or we are told to stop."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)

    def is_silent() -> bool:
        try:
            socket.create_connection((here, port), 0.5).close()
        except OSError:
            return True
        return False

    supervisor.run_while(is_silent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
