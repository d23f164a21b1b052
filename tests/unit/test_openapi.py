"""The OpenAPI document is whole, and what is kept of it in docs/ is what the product says."""

import json
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from integrations_health import openapi
from integrations_health.problems import MEDIA_TYPE

DOCS = Path(__file__).parents[2] / "docs"
OPERATIONS = [
    pytest.param(path, operation, id=operation["operationId"])
    for path, methods in openapi.document()["paths"].items()
    for operation in methods.values()
]
# What providers call by themselves is there while they share a secret with us, by which they sign.
HOOKS: dict[str, list[dict[str, list[str]]]] = {"/api/hooks/composio": [{"composioSignature": []}]}
every_operation = pytest.mark.parametrize(("path", "operation"), OPERATIONS)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    found: Any = part
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = openapi.document()
        for name in names:
            found = found[name]
    assert isinstance(found, dict)
    return found


def test_the_copy_in_docs_is_kept() -> None:
    kept = json.loads((DOCS / "openapi.json").read_text())
    said = json.loads(openapi.written(as_yaml=False))

    kept.pop("servers"), said.pop("servers")
    assert kept == said, "Type `make docs`."


def test_the_types_in_docs_are_kept() -> None:
    command = [sys.executable, str(DOCS / "clients" / "make_types.py"), "--check"]

    assert run(command, check=False).returncode == 0, "Type `make docs`."


def test_the_document_is_valid_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))

    assert openapi.document()["openapi"].startswith("3.1.")


@every_operation
def test_every_good_answer_has_an_example(path: str, operation: dict[str, Any]) -> None:
    lacking = [
        f"{status} {media_type}"
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for media_type, content in response.get("content", {}).items()
        if not content.get("examples")
    ]

    assert lacking == []


@every_operation
def test_every_bad_answer_is_a_problem(path: str, operation: dict[str, Any]) -> None:
    answers = {status: resolved(found) for status, found in operation["responses"].items()}
    bad = {status: answer for status, answer in answers.items() if status >= "400"}

    assert {"400", "401", "403", "406", "500", "503"} <= set(bad)
    assert ("404" in bad) is ("{" in path or path in HOOKS)
    assert all(list(answer["content"]) == [MEDIA_TYPE] for answer in bad.values())
    assert all("X-Request-ID" in answer["headers"] for answer in answers.values())


@every_operation
def test_every_operation_says_who_may_ask(path: str, operation: dict[str, Any]) -> None:
    of_a_caller: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]

    assert operation["security"] == HOOKS.get(path, of_a_caller)
    assert set(operation["security"][0]) <= set(openapi.document()["components"]["securitySchemes"])


@pytest.mark.parametrize(
    ("accept", "expected", "start"),
    [
        ("*/*", "application/json", b"{"),
        ("application/json", "application/json", b"{"),
        ("application/yaml", "application/yaml", b"openapi: 3.1"),
    ],
)
def test_the_document_is_served_as_json_and_yaml(
    client: Client, accept: str, expected: str, start: bytes
) -> None:
    answer = client.get("/api/schema", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(expected)
    assert answer.content.startswith(start)
