"""What must hold for the project as a whole."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Task
from django.conf import settings

from alerts import claims, retention, tasks
from alerts.senders import posting
from config.celery import QUEUES, app
from integrations_health import rollups
from integrations_health import tasks as checking

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path
    for folder in ("alerts", "bench", "config", "integrations_health", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
PRODUCT = [path for path in SOURCES if path.relative_to(ROOT).parts[0] not in {"tests", "bench"}]
MOST_LINES = 250
# Longer, each for a reason.
LONG: dict[str, str] = {
    "config/settings.py": "every setting in one place, read from top to bottom",
}
# Such a lock stays with a connection of a pool, PgBouncer's say, when whoever took it gets another.
LOCKS_OF_A_SESSION = {
    "integrations_health/partitions.py": "DETACH CONCURRENTLY runs outside a transaction",
}
FORBIDDEN_NAMES = {
    "common", "core", "handler", "handlers", "helper", "helpers", "manager", "managers", "misc",
    "processor", "util", "utils",
}  # fmt: skip
READS = re.compile(
    r"environment\.(text|secret|address(es)?|number|seconds|flag|hosts|words|choice|understood)$"
)
# Read outside Django's settings: by the runner, and by uvicorn's line of the Procfile.
READ_BY_THE_RUNNER = {"PORT", "HOST"}


def variables_of(path: Path) -> set[str]:
    """Return the names of the variables that a module reads through the typed reader."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if (READS.search(ast.unparse(call.func)) or ast.unparse(call.func) == "flag")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def queues_of_tasks() -> dict[str, str]:
    """Return the queue that each of our tasks names."""
    app.loader.import_default_modules()
    return {
        name: getattr(task, "queue", "")
        for name, task in app.tasks.items()
        if not name.startswith("celery.")
    }


def test_imports_point_downwards() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_a_reader_can_hold(path: Path) -> None:
    lines = len(path.read_text().splitlines())

    assert lines <= MOST_LINES or str(path.relative_to(ROOT)) in LONG


def test_every_long_file_with_a_reason_is_still_long() -> None:
    shorter = [name for name in LONG if len((ROOT / name).read_text().splitlines()) <= MOST_LINES]

    assert shorter == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [str(path) for path in SOURCES if FORBIDDEN_NAMES & {path.stem, path.parent.name}]

    assert nameless == []


def test_every_module_says_its_job() -> None:
    silent = [
        str(path)
        for path in SOURCES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_every_advisory_lock_ends_with_its_transaction() -> None:
    lasting = {
        str(path.relative_to(ROOT))
        for path in PRODUCT
        if re.search(r"pg_(try_)?advisory_lock", path.read_text())
    }

    assert lasting == set(LOCKS_OF_A_SESSION)


def test_only_the_configuration_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in PRODUCT
        if re.search(r"os\.(environ|getenv)", path.read_text())
        and path.relative_to(ROOT).parts[0] != "config"
        and "simulator" not in path.parts
    ]

    assert readers == []


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE)
    read = variables_of(ROOT / "config/settings.py") | variables_of(ROOT / "config/environment.py")

    assert sorted(listed) == sorted(read | READ_BY_THE_RUNNER)


def test_every_beat_entry_names_a_real_task_in_a_known_queue() -> None:
    unknown = [
        name
        for name, entry in app.conf.beat_schedule.items()
        if queues_of_tasks().get(entry["task"]) not in QUEUES
    ]

    assert unknown == []


def test_every_task_of_ours_has_a_queue_that_a_process_reads() -> None:
    procfile = (ROOT / "Procfile").read_text()

    served = {name for names in re.findall(r"-Q (\S+)", procfile) for name in names.split(",")}

    assert set(queues_of_tasks().values()) <= served
    assert served == set(QUEUES)


def test_each_deadline_lies_within_the_next() -> None:
    deadlines = [
        settings.CALL_DEADLINE.total_seconds(),
        settings.CHECK_DEADLINE.total_seconds(),
        settings.BATCH_DEADLINE.total_seconds(),
        settings.CELERY_TASK_SOFT_TIME_LIMIT,
        settings.CELERY_TASK_TIME_LIMIT,
        settings.CHECK_LEASE.total_seconds(),
        settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"],
    ]

    assert deadlines == sorted(set(deadlines))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "integrations_health/api").glob("*.py")), ids=lambda path: path.stem
)
def test_no_view_reaches_rows_that_have_an_owner_by_itself(path: Path) -> None:
    reached = re.findall(r"\b(\w+)\.(?:objects|_default_manager)\b", path.read_text())

    # People have no owner. All else is read by modules that go through `visible_to`.
    assert set(reached) <= {"User"}


def test_whoever_sends_a_message_ends_before_another_may_take_it() -> None:
    deadlines = [
        settings.DELIVERY_BUDGET.total_seconds(),
        settings.DELIVERY_BUDGET.total_seconds() + posting.DEADLINE_SECONDS,
        # Of a mail: the greeting, the sender, the recipient, the mail, its end.
        settings.DELIVERY_BUDGET.total_seconds() + 5 * settings.EMAIL_TIMEOUT,
        tasks.deliver.soft_time_limit or 0.0,
        tasks.deliver.time_limit or 0.0,
        settings.DELIVERY_LEASE.total_seconds(),
        settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"],
    ]

    assert deadlines == sorted(set(deadlines))


def test_what_cleans_up_ends_by_itself_however_short_a_call_is() -> None:
    most = settings.DATABASES["default"]["OPTIONS"]["options"]
    statement = int(re.findall(r"statement_timeout=(\d+)", most)[0]) / 1000
    visible = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    rolling, pruning = checking.roll_up_history, tasks.prune_alerts

    for task, within in ((rolling, rollups.WITHIN), (pruning, retention.WITHIN)):
        assert isinstance(task, Task)
        ends = within.total_seconds() + statement
        assert ends < (task.soft_time_limit or 0.0) < (task.time_limit or 0.0) < visible


def test_there_are_as_many_senders_as_batches_that_may_be_under_way() -> None:
    (senders,) = re.findall(r"-Q notifications -c (\d+)", (ROOT / "Procfile").read_text())

    assert int(senders) == sum(claims.MOST_BATCHES.values())
