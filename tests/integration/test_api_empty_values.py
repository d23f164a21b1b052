"""A parameter that is sent without a value is refused by name, on every list alike."""

import pytest
from django.test import Client

from integrations_health import openapi
from integrations_health.models import Integration
from tests import factories
from tests.callers import as_user

pytestmark = pytest.mark.django_db
# With the API's own document: a new list, or a new filter, is in here by itself.
PARAMETERS = sorted(
    (path, parameter["name"])
    for path, methods in openapi.document()["paths"].items()
    for parameter in methods.get("get", {}).get("parameters", ())
    if parameter["in"] == "query"
)
LISTS = {"/api/integrations", "/api/alerts", "/api/incidents"}


@pytest.fixture
def mine() -> Integration:
    """Return the caller's integration."""
    return factories.integration()


@pytest.fixture
def client(mine: Integration) -> Client:
    """Return its owner."""
    return as_user(mine.user)


def test_the_document_names_the_parameters_of_every_list() -> None:
    assert {path for path, _ in PARAMETERS} >= LISTS
    assert len(PARAMETERS) > 15


@pytest.mark.parametrize("empty", ["", " "], ids=["empty", "blank"])
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_a_parameter_without_a_value_is_named(
    path: str, name: str, empty: str, client: Client, mine: Integration
) -> None:
    answer = client.get(path.format(integration_id=mine.pk), {name: empty})

    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    assert error == {
        "field": name,
        "problem": "is empty",
        "remedy": "send a value, or leave it out",
    }


def test_one_empty_value_among_several_is_named_too(client: Client) -> None:
    answer = client.get("/api/integrations", {"service": ["gmail", ""]})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["service"]
