"""What a client is told, by the real server over a real socket."""

from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from integrations_health import live, registry
from integrations_health.models import HealthCheck, User
from integrations_health.outcomes import Outcome
from integrations_health.registration import Registration
from integrations_health.registry import Changes
from tests import factories
from tests.live.conftest import session_of
from tests.live.serving import Server, change, heard, hears_nothing, subscribe
from tests.sessions import execute, wait_until_blocked


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


def test_a_client_that_asked_for_nothing_else_hears_only_updates(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)

    with server.open(session=session) as client:
        subscribe(client, gmail, uuid4().hex, str(uuid4()))

        assert heard(client)["integrationId"] == str(gmail.pk)
        assert hears_nothing(client, within=1)


def test_every_socket_of_a_user_hears(server: Server, owner: User, session: str) -> None:
    gmail = factories.integration(user=owner)

    with server.open(session=session) as one, server.open(session=session) as other:
        for client in (one, other):
            subscribe(client, gmail)
            heard(client)
        change(gmail, outcome=Outcome.AUTH_EXPIRED)

        assert heard(one) == heard(other)


def test_many_changes_within_a_moment_are_told_as_few(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)
    with server.open(session=session) as client:
        subscribe(client, gmail)
        heard(client)

        versions: list[int] = []
        for _ in range(20):
            change(gmail)
        newest = HealthCheck.objects.get(integration=gmail).state_version
        while not versions or versions[-1] < newest:
            versions.append(heard(client)["version"])

    assert versions == sorted(set(versions))
    assert len(versions) < 20


def test_who_subscribes_again_is_told_again_how_it_is(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)
    with server.open(session=session) as client:
        subscribe(client, gmail)
        first = heard(client)
        subscribe(client, gmail)

        assert heard(client) == first
        assert hears_nothing(client, within=1)


def test_who_subscribes_again_while_the_database_is_away_is_told_when_it_is_back(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)
    with server.open(session=session) as client:
        subscribe(client, gmail)
        first = heard(client)
        with transaction.atomic(), connection.cursor() as cursor:
            # Nobody reads it before the block ends, and who tries gives up after two seconds.
            cursor.execute("LOCK TABLE integration_health_checks, provider_incidents")
            subscribe(client, gmail, ack=True)
            assert heard(client)["code"] == "unavailable"

        assert heard(client, within=20) == first


def test_who_unsubscribed_hears_nothing_more(server: Server, owner: User, session: str) -> None:
    gmail, slack = (factories.integration(user=owner, service=name) for name in ("gmail", "slack"))
    with server.open(session=session) as client:
        subscribe(client, gmail, slack)
        heard(client), heard(client)
        subscribe(client, gmail, type="unsubscribe")
        subscribe(client, type="subscribe", ack=True)  # once answered, the one before was done
        heard(client)
        change(gmail, slack)

        assert heard(client)["integrationId"] == str(slack.pk)
        assert hears_nothing(client, within=1)


def test_what_is_let_go_while_it_is_looked_up_stays_let_go(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)
    with server.open(session=session) as client:
        with transaction.atomic(), connection.cursor() as cursor:
            # Nobody reads it before the block ends, and who tries gives up after two seconds.
            cursor.execute("LOCK TABLE integration_health_checks")
            subscribe(client, gmail, ack=True)
            assert heard(client)["code"] == "unavailable"
            live.tell_of_access(owner.pk)  # it looks again at once
            wait_until_blocked()
            subscribe(client, gmail, type="unsubscribe")
            subscribe(client, ack=True)  # once answered, the one before was done
            assert heard(client)["type"] == "subscribed"

        change(gmail)

        assert hears_nothing(client, within=1)
        subscribe(client, gmail)
        assert heard(client)["integrationId"] == str(gmail.pk)


def test_a_pause_is_told(server: Server, owner: User, session: str) -> None:
    gmail = factories.integration(user=owner)
    with server.open(session=session) as client:
        subscribe(client, gmail)
        assert heard(client)["health"]["nextCheckAt"] is not None

        with registry.writing(changes := Changes()):
            said = Registration(
                user="",
                user_id=owner.pk,
                service=gmail.service,
                provider=gmail.provider,
                server_instance_id=gmail.server_instance_id,
                enabled=False,
            )
            registry.register([said], changes=changes)

        assert heard(client)["health"]["nextCheckAt"] is None


def test_an_incident_is_told_with_a_newer_version_and_so_is_its_end(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner, status="healthy")
    with server.open(session=session) as client:
        subscribe(client, gmail)
        before = heard(client)

        incident = factories.incident(provider="composio")
        live.tell_of_incident("composio")
        during = heard(client)
        execute("UPDATE provider_incidents SET closed_at = now()")
        live.tell_of_incident("")
        after = heard(client)

    assert [frame["health"]["status"] for frame in (before, during, after)] == [
        "healthy",
        "degraded",
        "healthy",
    ]
    assert during["health"]["incident"]["id"] == str(incident.pk)
    assert before["version"] < during["version"] < after["version"]


def test_two_hundred_integrations_of_one_client_are_told_at_once(
    server: Server, owner: User, session: str
) -> None:
    integrations = [factories.integration(user=owner) for _ in range(200)]
    with server.open(session=session) as client:
        subscribe(client, *integrations)
        snapshot = [heard(client) for _ in integrations]
        change(*integrations)
        changed: dict[str, Any] = {}
        while len(changed) < len(integrations):
            frame = heard(client)
            changed[frame["integrationId"]] = frame

    assert {frame["integrationId"] for frame in snapshot} == set(changed)


def test_a_socket_keeps_no_connection_to_the_database(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)
    sessions = [session, *(session_of(factories.user()) for _ in range(29))]
    with ExitStack() as stack:
        clients = [stack.enter_context(server.open(session=one)) for one in sessions]
        subscribe(clients[0], gmail)
        heard(clients[0])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            )
            (connections,) = cursor.fetchone() or (0,)

    assert connections <= 17  # the pool's sixteen, and ours
