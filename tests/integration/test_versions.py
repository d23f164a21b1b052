"""The version of an integration is the same wherever it is read, and grows with all that is shown.

A client that has asked by REST ignores frames that are not newer.
"""

import re
from collections.abc import Callable

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from integrations_health import frames
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from tests import factories
from tests.callers import as_user, send

pytestmark = pytest.mark.django_db
PATH = "/api/integrations"


@pytest.fixture
def watched() -> Integration:
    """Return an integration that works; others of its provider and its service had incidents."""
    for place in ({"provider": "klavis"}, {"service": "slack"}, {"provider": "", "service": "x"}):
        factories.incident(**place)
    return factories.integration(
        status="healthy", last_check_at=timezone.now(), state_version=17, manual_at=timezone.now()
    )


def versions(of: Integration) -> dict[str, int]:
    """Return the version that each place shows."""
    client, browser = as_user(of.user), Client()
    browser.force_login(of.user)
    (frame,) = frames.read(HealthCheck.objects.filter(integration=of))
    (place,) = frames.places(HealthCheck.objects.filter(integration=of)).values()
    (listed,) = client.get(PATH).json()["items"]
    limited = send(client, "post", f"{PATH}/{of.pk}/health/check")
    assert limited.status_code == 429
    return {
        "frame": frame.version,
        "place": place.version,
        "list": listed["health"]["version"],
        "one": client.get(f"{PATH}/{of.pk}").json()["health"]["version"],
        "health": client.get(f"{PATH}/{of.pk}/health").json()["current"]["version"],
        "check": limited.json()["lastResult"]["current"]["version"],
        "status page": _of_page(browser.get("/")),
        "own page": _of_page(browser.get(f"/integrations/{of.pk}/")),
    }


def _of_page(answer: object) -> int:
    (version,) = re.findall(r'data-version="(\d+)"', answer.text)  # type: ignore[attr-defined]
    return int(version)


def begin(**fields: str) -> Callable[[], object]:
    return lambda: factories.incident(**fields)


def end() -> None:
    ProviderIncident.objects.filter(closed_at=None).update(closed_at=Now())


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [begin()],
        [begin(), end],
        [begin(), end, begin()],
        [begin(service="gmail"), begin(provider="", service="gmail"), begin(provider="")],
    ],
    ids=["none", "open", "over", "open again", "of the service, and of everything"],
)
def test_every_place_shows_the_same_version(
    watched: Integration, turns: list[Callable[[], object]]
) -> None:
    for turn in turns:
        turn()

    assert versions(watched) == dict.fromkeys(versions(watched), 17 + len(turns))


def test_what_an_incident_changes_has_a_newer_version_and_another_mark(
    watched: Integration,
) -> None:
    client = as_user(watched.user)

    def read() -> tuple[str, int, str]:
        answer = client.get(f"{PATH}/{watched.pk}/health")
        current = answer.json()["current"]
        return current["status"], current["version"], answer.headers["ETag"]

    before = read()
    factories.incident()
    during = read()
    end()
    after = read()

    assert [before[0], during[0], after[0]] == ["healthy", "degraded", "healthy"]
    assert before[1] < during[1] < after[1]
    assert len({before[2], during[2], after[2]}) == 3
