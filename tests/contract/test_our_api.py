"""A fuzzer that knows nothing but the OpenAPI document breaks neither the server nor the document.

It runs against the real server, as four kinds of caller. HYPOTHESIS_PROFILE=thorough tries more,
and other things each time.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations_health import tokens
from integrations_health.access import OWN, Scope
from integrations_health.models import User
from integrations_health.providers.simulator import Simulator, running
from tests import factories, keys
from tests.watching import watch
from tests.web_process import Web, web

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

CALLERS = ("owner", "other", "staff", "anonymous")
# The edges of every parameter are the same for everybody, and by far the most requests.
PHASES = {"owner": "examples,coverage,fuzzing,stateful"}
PHASES_OF_OTHERS = "examples,fuzzing,stateful"
IS_THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "use_after_free",
    "ensure_resource_availability",
)
# What uvicorn says when the fuzzer sends an address that cannot be one.
NOT_HTTP = "Invalid HTTP request received."
# What is asked of those who are let in: a stranger is refused before their method is looked at.
CHECKS_OF_THE_KNOWN = ("unsupported_method", "ignored_auth")


@pytest.fixture(scope="module")
def provider() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def server(
    provider: Simulator, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Web]:
    environment = {
        "JWT_SECRET": keys.SECRET,
        "COMPOSIO_BASE_URL": provider.base_url,
        "COMPOSIO_API_KEY": provider.api_key,
        "COMPOSIO_CALLS_PER_MINUTE": "0",
        "COMPOSIO_WEBHOOK_SECRET": keys.SECRET,
    }
    with web(tmp_path_factory.mktemp("web"), **environment) as started:
        yield started


def headers_of(caller: str, owner: User, other: User) -> dict[str, str]:
    if caller == "anonymous":
        return {}
    user, more = {"owner": (owner, set()), "other": (other, set())}.get(
        caller, (factories.staff(), {Scope.STAFF})
    )
    token = tokens.issue(
        user, lifetime=timedelta(hours=1), scopes=OWN | more, now=datetime.now(UTC)
    )
    return {"Authorization": f"Bearer {token}"}


def document_with(url: str, ids: list[str], folder: Path) -> Path:
    """Keep the server's own document, in which ids that exist stand beside all others."""
    document: dict[str, Any] = httpx.get(f"{url}/api/schema", trust_env=False).json()
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"anyOf": [{"enum": ids}, parameter["schema"]]}
                    parameter["examples"] = {"known": {"value": ids[0]}}
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("caller", CALLERS)
def test_a_fuzzer_finds_nothing(
    caller: str, provider: Simulator, server: Web, settings: Any, tmp_path: Path
) -> None:
    settings.JWT_SECRET = keys.SECRET
    owner, other = factories.user(), factories.user()
    watched = [
        watch(provider, provider.connect("composio", "gmail", user_id=f"u{number}"), user=owner)
        for number in range(8)
    ]
    for row in watched:
        factories.history(row)
        # The fuzzer knows one list of ids: an alert has that of its integration.
        factories.notification(alert=factories.alert(pk=row.pk, integration=row), state="dead")
        factories.incident(service=f"service-{row.pk}")
    headers = headers_of(caller, owner, other)
    checks = CHECKS + (CHECKS_OF_THE_KNOWN if headers else ())

    found = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "run"),
            str(document_with(server.url, [str(row.pk) for row in watched], tmp_path)),
            # One worker: in Python 3.11 two threads that parse Python at once fail.
            *("--url", server.url, "--checks", ",".join(checks), "--workers", "1"),
            *("--max-examples", "500" if IS_THOROUGH else "5", "--no-color"),
            *(() if IS_THOROUGH else ("--seed", "1")),
            *("--phases", PHASES["owner"] if IS_THOROUGH else PHASES.get(caller, PHASES_OF_OTHERS)),
            *("--suppress-health-check", "all", "--request-timeout", "20"),
            *(part for pair in headers.items() for part in ("-H", ": ".join(pair))),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout[-6_000:] + found.stderr[-2_000:] + server.log()
    assert [line for line in server.log().splitlines() if NOT_HTTP not in line] == []
