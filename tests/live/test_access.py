"""Who may open a socket, and for how long."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from integrations_health import api_keys, tickets, tokens
from integrations_health.access import OWN, Caller, Scope, Way
from integrations_health.models import User
from tests import factories
from tests.live.serving import Server, change, closed, heard, subscribe


def token_of(user: User, *, lifetime: timedelta = timedelta(minutes=5)) -> str:
    return tokens.issue(user, lifetime=lifetime, scopes=OWN, now=timezone.now())


def refused(server: Server, path: str = "/health-updates", **options: Any) -> int:
    """Return the status by which a socket is refused."""
    with pytest.raises(InvalidStatus) as caught, server.open(path, **options):
        pass
    return caught.value.response.status_code


def test_a_token_in_the_subprotocol_opens_a_socket_and_is_not_repeated(
    server: Server, owner: User
) -> None:
    gmail = factories.integration(user=owner)

    with server.open(origin=None, subprotocols=["bearer", token_of(owner)]) as client:
        subscribe(client, gmail)

        assert client.subprotocol == "bearer"
        assert heard(client)["integrationId"] == str(gmail.pk)


def test_a_ticket_opens_one_socket(server: Server, owner: User) -> None:
    gmail = factories.integration(user=owner)
    ticket = tickets.issue(Caller(way=Way.TOKEN, scopes=OWN, external_id=owner.external_id))
    path = f"/health-updates?ticket={ticket}"

    with server.open(path, origin=None) as client:
        subscribe(client, gmail)
        assert heard(client)["integrationId"] == str(gmail.pk)

    assert refused(server, path, origin=None) == 403
    assert ticket not in server.log()


def test_who_proves_nothing_is_refused(server: Server, owner: User, session: str) -> None:
    assert refused(server) == 403
    assert refused(server, session="made-up") == 403
    assert refused(server, session=session, origin="https://evil.test") == 403
    assert refused(server, session=session, origin=None) == 403
    assert refused(server, subprotocols=["bearer", "not.a.token"]) == 403
    assert refused(server, f"/health-updates?token={token_of(owner)}", session=session) == 403
    assert token_of(owner).rpartition(".")[0] not in server.log()


def test_an_expired_token_and_a_closed_account_are_refused(server: Server, owner: User) -> None:
    expired = token_of(owner, lifetime=timedelta(seconds=-1))
    closed_account = token_of(factories.user(is_active=False))

    assert refused(server, subprotocols=["bearer", expired]) == 403
    assert refused(server, subprotocols=["bearer", closed_account]) == 403


def test_a_path_where_there_is_no_socket_is_refused(server: Server, session: str) -> None:
    assert refused(server, "/elsewhere", session=session) == 403
    assert refused(server, "/health-updates/more", session=session) == 403


def test_a_socket_ends_with_its_token(server: Server, owner: User) -> None:
    token = token_of(owner, lifetime=timedelta(seconds=3))

    with server.open(subprotocols=["bearer", token]) as client:
        assert closed(client, within=10) == 4401


def test_signing_out_closes_the_sockets_of_that_session_alone(server: Server, owner: User) -> None:
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(owner)
    here, there = (browser.cookies["sessionid"].value for browser in browsers)
    gmail = factories.integration(user=owner)

    with server.open(session=here) as one, server.open(session=there) as other:
        began = time.monotonic()
        browsers[0].logout()

        assert closed(one, within=5) == 4401
        assert time.monotonic() - began < 2
        subscribe(other, gmail)
        assert heard(other)["integrationId"] == str(gmail.pk)


@pytest.mark.parametrize("change_of_access", ["a new password", "a closed account"])
def test_a_changed_account_closes_its_sockets_at_once(
    change_of_access: str, server: Server, owner: User, session: str
) -> None:
    with server.open(session=session) as client:
        if change_of_access == "a new password":
            owner.set_password("something new")
        else:
            owner.is_active = False
        owner.save()

        assert closed(client, within=5) == 4401


def test_signing_out_closes_the_sockets_of_its_tickets_alone(server: Server, owner: User) -> None:
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(owner)
    here, there = (browser.post("/api/ws-ticket").json()["ticket"] for browser in browsers)
    gmail = factories.integration(user=owner)

    with (
        server.open(f"/health-updates?ticket={here}") as one,
        server.open(f"/health-updates?ticket={there}") as other,
    ):
        browsers[0].logout()

        assert closed(one, within=5) == 4401
        subscribe(other, gmail)
        assert heard(other)["integrationId"] == str(gmail.pk)


def test_a_ticket_opens_nothing_once_its_session_has_ended(server: Server, owner: User) -> None:
    browser = Client()
    browser.force_login(owner)
    ticket = browser.post("/api/ws-ticket").json()["ticket"]

    browser.logout()

    assert refused(server, f"/health-updates?ticket={ticket}") == 403


def test_a_ticket_of_an_unknown_session_ends_when_the_user_signs_out_anywhere(
    server: Server, owner: User
) -> None:
    browser = Client()
    browser.force_login(owner)
    # As a process of the release before gives it out.
    ticket = tickets.issue(Caller(way=Way.SESSION, scopes=OWN, user_id=owner.pk))

    with server.open(f"/health-updates?ticket={ticket}") as client:
        browser.logout()

        assert closed(client, within=5) == 4401


def test_a_closed_account_closes_the_sockets_that_were_open_before_it_was_known(
    server: Server, owner: User
) -> None:
    ticket = tickets.issue(Caller(way=Way.TOKEN, scopes=OWN, external_id="app-new"))

    with server.open(f"/health-updates?ticket={ticket}", origin=None) as client:
        person = factories.user(external_id="app-new")
        subscribe(client, factories.integration(user=person))
        heard(client)
        person.is_active = False
        person.save()

        assert closed(client, within=5) == 4401


def test_a_back_end_follows_everybodys_integrations(server: Server, owner: User) -> None:
    made = api_keys.make("the app", may_write=False, expires_at=None)
    caller = api_keys.read(made.key, now=timezone.now())
    mine, yours = factories.integration(user=owner), factories.integration()

    with server.open(f"/health-updates?ticket={tickets.issue(caller)}", origin=None) as client:
        subscribe(client, mine, yours, ack=True)
        heard_of = {heard(client).get("integrationId") for _ in range(3)}
        change(mine, yours)
        changed = {heard(client)["integrationId"] for _ in range(2)}

    assert heard_of == {str(mine.pk), str(yours.pk), None}
    assert changed == {str(mine.pk), str(yours.pk)}


def test_a_key_without_the_right_to_read_opens_nothing(server: Server, owner: User) -> None:
    caller = Caller(way=Way.API_KEY, scopes=frozenset({Scope.WRITE}), key_id=uuid4())

    assert refused(server, f"/health-updates?ticket={tickets.issue(caller)}", origin=None) == 403
