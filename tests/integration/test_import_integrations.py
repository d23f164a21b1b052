"""A file of integrations is imported whole, or not at all."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations_health.models import Integration, User
from tests import factories
from tests.commands import Ran, run

pytestmark = pytest.mark.django_db

HEADER = "user,service,provider,serverInstanceId"
SECRET = "sk-3f9Zq71LmX0v"


Import = Callable[..., Ran]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    def write_and_import(content: str | bytes, *options: str) -> Ran:
        path = tmp_path / "roster"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        ran = run("import_integrations", str(path), *options)
        return ran._replace(error=ran.error.replace(str(path), "FILE"))

    return write_and_import


def csv(*lines: str, columns: str = "") -> str:
    return "\n".join([HEADER + columns, *lines, ""])


def test_a_csv_file_is_imported(imported: Import) -> None:
    ran = imported(
        csv(
            'alice,gmail,composio,ca_1,900,no,every_nth,6,LIST_LABELS,"{""user_id"": ""me""}"',
            "bob,slack,klavis,7d0c1e5a,,,,,,",
            columns=",intervalSeconds,enabled,probePolicy,probeEvery,probeTool,probeArguments",
        )
    )

    alice, bob = Integration.objects.order_by("user__external_id")
    assert ran == Ran("2 entries: 2 created, 0 updated, 0 unchanged; new users: 2\n", "", "")
    assert (alice.interval_seconds, alice.enabled) == (900, False)
    assert (alice.probe_policy, alice.probe_every) == ("every_nth", 6)
    assert (alice.probe_tool, alice.probe_arguments) == ("LIST_LABELS", {"user_id": "me"})
    assert (bob.interval_seconds, bob.enabled, bob.probe_arguments) == (300, True, None)


def test_a_json_file_is_imported(imported: Import) -> None:
    entry = {
        "user": "alice",
        "service": "gmail",
        "provider": "mcp",
        "serverInstanceId": "home",
        "serverUrl": "https://mcp.example/mcp",
        "serverToken": SECRET,
        "displayName": "Zuhause ☂",
        "providerUserId": "a-1",
        "authConfigId": "ac_1",
        "intervalSeconds": 60,
        "enabled": True,
        "probePolicy": "on_suspicion",
        "probeArguments": {"limit": 1},
    }

    ran = imported(json.dumps([entry]).encode("utf-8-sig"))

    made = Integration.objects.get()
    assert ran.error == ""
    assert (made.server_url, made.server_token) == ("https://mcp.example/mcp", SECRET)
    assert (made.display_name, made.probe_arguments) == ("Zuhause ☂", {"limit": 1})
    assert (made.provider_user_id, made.auth_config_id) == ("a-1", "ac_1")


def test_an_import_runs_twice_without_a_change(imported: Import) -> None:
    content = csv("alice,gmail,composio,ca_1", "bob,gmail,composio,ca_2")
    imported(content)

    ran = imported(content)

    assert ran.out == "2 entries: nothing changed\n"


def test_a_pause_survives_an_import_unless_it_is_ended_there(imported: Import) -> None:
    person = factories.user(external_id="alice")
    for instance in ("ca_1", "ca_2"):
        factories.integration(user=person, server_instance_id=instance, enabled=False)

    imported(
        csv(
            "alice,gmail,composio,ca_1,,Work",
            "alice,gmail,composio,ca_2,yes,Home",
            columns=",enabled,displayName",
        )
    )

    rows = Integration.objects.order_by("server_instance_id")
    assert [(row.enabled, row.display_name) for row in rows] == [(False, "Work"), (True, "Home")]


def test_one_bad_entry_stops_all_and_every_bad_entry_is_told(imported: Import) -> None:
    ran = imported(
        csv(
            "alice,gmail,composio,ca_1,300",
            "bob,gmail,composio,ca_2,5",
            ",gmail,zapier,ca_3,",
            f"{'x' * 300},gmail,composio,ca_4,",
            "carol,gmail,composio",
            columns=",intervalSeconds",
        )
    )

    assert ran.err.splitlines() == [
        "line 3: intervalSeconds: is too small; type seconds from 60 to 3,600",
        "line 4: user: is missing; every entry needs it",
        "line 4: provider: is not a provider we know; type one of composio, klavis, mcp",
        "line 5: user: has 300 characters; 255 is the most",
        "line 6: has 3 cells; the header has 5; quote commas",
    ]
    assert ran.error == (
        "4 of 5 entries refused, nothing was written. "
        "Mend them, or add --partial to write the others."
    )
    assert not Integration.objects.exists()
    assert not User.objects.exists()


def test_a_late_bad_entry_undoes_thousands_of_good_ones(imported: Import) -> None:
    good = [f"user-{number},gmail,composio,ca_{number}" for number in range(2_500)]

    ran = imported(csv(*good, "eve,gmail,zapier,ca_0"))

    assert ran.error.startswith("1 of 2,501 entries refused")
    assert not Integration.objects.exists()
    assert not User.objects.exists()


def test_the_good_entries_are_written_when_that_is_wanted(imported: Import) -> None:
    ran = imported(
        csv("alice,gmail,composio,ca_1", "bob,gmail,zapier,ca_2", "carol,gmail,mcp,ca_3"),
        "--partial",
    )

    assert ran.error == ""
    assert ran.out == ("3 entries: 1 created, 0 updated, 0 unchanged; new users: 1; refused: 2\n")
    assert len(ran.err.splitlines()) == 2
    assert [user.external_id for user in User.objects.all()] == ["alice"]


def test_an_entry_that_stands_there_twice_is_refused(imported: Import) -> None:
    ran = imported(
        csv("alice,gmail,composio,ca_1", "bob,gmail,composio,ca_1", "alice,Gmail,composio,ca_1")
    )

    assert ran.err == "line 4: is the same integration as line 2; keep one of the two\n"
    assert ran.error.startswith("1 of 3 entries refused")


def test_a_dry_run_says_what_would_change_and_writes_nothing(imported: Import) -> None:
    ran = imported(csv("alice,gmail,composio,ca_1"), "--dry-run")

    assert ran.out.startswith("Dry run, nothing was written. 1 entries: 1 created")
    assert not Integration.objects.exists()
    assert not User.objects.exists()


def test_no_secret_of_the_file_is_ever_shown(imported: Import) -> None:
    columns = ",serverUrl,serverToken,intervalSeconds,enabled,probeArguments,displayName"
    bad_url = f"ftp://host/{SECRET}"
    bad_token = f"{SECRET}ü"
    shifted = ",".join([SECRET] * 6)

    ran = imported(
        csv(
            f"alice,gmail,mcp,1,{bad_url},{bad_token},{SECRET},{SECRET},{SECRET},ok",
            f"bob,{SECRET},{SECRET},2,{shifted}",
            f"{SECRET},{SECRET}",
            columns=columns,
        )
    )

    assert len(ran.err.splitlines()) == 11
    assert SECRET not in "".join(ran)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "FILE: the file is empty: list at least one integration."),
        ("[]", "FILE: it lists no integration."),
        (HEADER + "\n", "FILE: it lists no integration."),
        (HEADER + ",colour\na,b,c,d,e\n", "line 1: the header has columns we do not know: colour"),
        ('[{"user": "alice"},\n {"user" "bob"}]', "line 2, column 10: Expecting ':' delimiter"),
        (csv('alice,"gmail,composio,ca_1'), "FILE: line 2: unexpected end of data"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--partial",)])
def test_a_file_that_cannot_be_read_to_its_end_is_not_imported(
    content: str, problem: str, options: tuple[str, ...], imported: Import
) -> None:
    ran = imported(content, *options)

    assert problem in ran.error
    assert ran.error.endswith("Nothing was written.")
    assert not Integration.objects.exists()


def test_bytes_that_are_no_text_are_told_by_line_and_field(imported: Import) -> None:
    ran = imported(csv("al\0ice,gmail,composio,ca_1").encode() + b"b\xf6b,gmail,composio,ca_2\n")

    assert ran.err.splitlines() == [
        "line 2: user: has a control character, such as a NUL or a line break; remove it",
        "line 3: user: has bytes that are not UTF-8; save the file as UTF-8",
    ]


@pytest.mark.parametrize("path", ["nowhere.csv", "."])
def test_a_file_that_is_not_there_is_told(path: str, tmp_path: Path) -> None:
    ran = run("import_integrations", str(tmp_path / path))

    assert "cannot be read: " in ran.error


def test_standard_input_is_a_file_too() -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "import_integrations", "-", "--dry-run"],
        input=csv("alice,gmail,zapier,ca_1"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert "line 2: provider: is not a provider we know" in refused.stderr
    assert "Traceback" not in refused.stderr
