"""What a client is told, by the real server over a real socket."""

from integrations_health import pipeline
from integrations_health.models import Integration, User
from integrations_health.outcomes import Outcome
from tests import factories
from tests.live.serving import Server, heard, subscribe
from tests.results import claim, result


def change(*integrations: Integration, outcome: Outcome = Outcome.OK) -> None:
    """Record a check of each integration, as a worker does."""
    pipeline.record([result(target, outcome) for target in claim(*integrations)])


def test_on_subscribing_the_client_hears_how_each_integration_is(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner, service="gmail", status="healthy")
    slack = factories.integration(user=owner, service="slack", status="unhealthy")

    with server.open(session=session) as client:
        subscribe(client, gmail, slack)

        frames = {frame["integrationId"]: frame for frame in (heard(client), heard(client))}
    assert frames[str(gmail.pk)]["health"]["status"] == "healthy"
    assert frames[str(slack.pk)]["health"]["status"] == "unhealthy"
    assert frames[str(slack.pk)]["service"] == "slack"
    assert frames[str(slack.pk)]["provider"] == "composio"


def test_every_recorded_check_is_told(server: Server, owner: User, session: str) -> None:
    gmail = factories.integration(user=owner)

    with server.open(session=session) as client:
        subscribe(client, gmail)
        snapshot = heard(client)
        change(gmail)
        first = heard(client)
        change(gmail)
        second = heard(client)

    assert snapshot["health"]["lastCheckAt"] is None
    assert first["health"]["status"] == "healthy"
    assert first["health"]["lastCheckAt"] is not None
    assert snapshot["version"] < first["version"] < second["version"]
