"""The rules that hold for the whole tree: who knows whom, names, sizes, settings, tasks."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from config.celery import app
from config.environment import ROOT

SOURCES = ("config", "integrations_health", "alerts", "bench", "tests")
# Each means "I did not decide what this is".
NO_NAMES = {
    *("common", "core", "handler", "handlers", "helper", "helpers", "manager", "managers"),
    *("misc", "processor", "processors", "service", "services_layer", "util", "utils"),
}
LONGEST_FILE = 250
# Files that may be longer, each with its reason. Migrations are written once and read in order.
LONGER: dict[str, str] = {}
READERS = {"text", "number", "seconds", "flag", "words"}


class Default(NamedTuple):
    """A variable that `.env.example` shows with the value it has when nobody sets it."""

    name: str
    value: str


def _sources() -> Iterator[Path]:
    for source in SOURCES:
        yield from sorted((ROOT / source).rglob("*.py"))


def _variables_read() -> set[str]:
    """Return the variables that the typed readers are asked for."""
    names = set()
    for name in ("settings.py", "environment.py"):
        for node in ast.walk(ast.parse((ROOT / "config" / name).read_text())):
            if isinstance(node, ast.Call) and _called(node) in READERS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    names.add(str(first.value))
    return names


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _example() -> list[Default]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = (re.fullmatch(r"#?([A-Z][A-Z_]*)=(.*)", line) for line in lines)
    return [Default(match[1], match[2]) for match in found if match]


def _settings_with(variables: dict[str, str]) -> str:
    """Return every setting, as a fresh process prints it that has nothing but `variables`."""
    program = (
        "import config.settings as s\n"
        "print({name: repr(getattr(s, name)) for name in dir(s) if name.isupper()})"
    )
    needed = {
        "IGNORE_ENV_FILES": "1",
        "SECRET_KEY": "none",
        "FIELD_ENCRYPTION_KEYS": "none",
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**variables, **needed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_imports_point_one_way() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [lint_imports, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_module_says_by_its_name_what_it_is() -> None:
    undecided = [str(path.relative_to(ROOT)) for path in _sources() if path.stem in NO_NAMES]

    assert undecided == []


def test_every_module_says_its_one_job() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if path.stat().st_size and ast.get_docstring(ast.parse(path.read_text())) is None
        if "migrations" not in path.parts
    ]

    assert silent == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in _sources()
        if "migrations" not in path.parts
    }

    long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}

    assert long.keys() == LONGER.keys(), long


def test_the_example_lists_every_variable_once_and_nothing_else() -> None:
    listed = [default.name for default in _example()]

    assert sorted(listed) == sorted(_variables_read())


def test_nothing_but_the_typed_readers_reads_the_environment_of_the_product() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for app_name in ("integrations_health", "alerts")
        for path in (ROOT / app_name).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
        # A program of its own, which stands for somebody else's service.
        if "simulator" not in path.parts
    ]

    assert readers == []


def test_the_example_shows_what_holds_when_nobody_sets_anything() -> None:
    shown = {default.name: default.value for default in _example() if default.value}

    assert _settings_with(shown) == _settings_with({})


def _our_tasks() -> dict[str, Any]:
    """Return our tasks by name, each with the queue that is written on it as `queue`."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def _queue(task: Any) -> str:
    """Return where a call without further words goes. Raises QueueNotFound."""
    return str(app.amqp.router.route({"queue": task.queue}, task.name)["queue"].name)


def test_every_task_waits_in_the_known_queue_that_is_written_on_it() -> None:
    tasks = _our_tasks().values()

    assert tasks
    assert [task.name for task in tasks if task.queue is None or _queue(task) != task.queue] == []
    assert {_queue(task) for task in tasks} <= {queue.name for queue in app.conf.task_queues}


def test_the_timetable_names_real_tasks() -> None:
    planned = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert planned <= _our_tasks().keys()


def test_the_queue_is_written_on_the_task_and_not_in_the_timetable() -> None:
    moved = [
        name
        for name, entry in app.conf.beat_schedule.items()
        if "queue" in entry.get("options", {})
    ]

    assert moved == []


def test_the_procfile_serves_every_queue() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    served = {
        queue
        for line in lines
        for match in re.findall(r"(?:-Q|--queues)[ =](\S+)", line)
        for queue in match.split(",")
    }

    assert served == {queue.name for queue in app.conf.task_queues}


def test_the_product_keeps_time_in_utc() -> None:
    assert (settings.TIME_ZONE, settings.USE_TZ, settings.CELERY_TIMEZONE) == ("UTC", True, "UTC")
