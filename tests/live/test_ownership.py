"""Nobody hears of what is somebody else's."""

from uuid import uuid4

from integrations_health import live
from integrations_health.models import User
from tests import factories
from tests.live.conftest import session_of
from tests.live.serving import Server, change, heard, hears_nothing, subscribe
from tests.sessions import execute


def test_a_foreign_id_is_as_unknown_as_one_that_never_was(
    server: Server, owner: User, session: str
) -> None:
    mine, foreign, never = factories.integration(user=owner), factories.integration(), uuid4()

    with server.open(session=session) as client:
        subscribe(client, foreign, str(never), "no-id", mine, ack=True)
        frames = [heard(client), heard(client)]

    (answer,) = (frame for frame in frames if frame.get("type") == "subscribed")
    assert answer["integrationIds"] == [str(mine.pk)]
    assert answer["unknownIds"] == [str(foreign.pk), str(never), "no-id"]


def test_updates_of_others_never_arrive(server: Server, owner: User, session: str) -> None:
    mine = factories.integration(user=owner)
    foreign = [factories.integration() for _ in range(50)]

    with (
        server.open(session=session) as client,
        server.open(session=session_of(foreign[0].user)) as other,
    ):
        subscribe(client, mine, *foreign)
        heard(client)
        subscribe(other, foreign[0])
        heard(other)
        change(*foreign)
        change(mine)

        assert heard(other)["integrationId"] == str(foreign[0].pk)
        assert heard(client)["integrationId"] == str(mine.pk)
        assert hears_nothing(client, within=1)


def test_an_integration_that_was_given_away_is_told_to_its_new_owner_alone(
    server: Server, owner: User, session: str
) -> None:
    other = factories.user()
    given = factories.integration(user=owner)

    with (
        server.open(session=session) as before,
        server.open(session=session_of(other)) as after,
    ):
        subscribe(before, given)
        heard(before)
        execute("UPDATE user_integrations SET user_id = %s WHERE id = %s", other.pk, given.pk)
        live.tell_of_access(owner.pk)
        subscribe(after, given)
        heard(after)
        change(given)

        assert heard(after)["integrationId"] == str(given.pk)
        assert hears_nothing(before, within=2)


def test_a_deleted_integration_is_let_go_in_silence(
    server: Server, owner: User, session: str
) -> None:
    gone, kept = factories.integration(user=owner), factories.integration(user=owner)

    with server.open(session=session) as client:
        subscribe(client, gone, kept)
        heard(client), heard(client)
        gone.delete()
        live.tell_of_access(owner.pk)
        change(kept)

        assert heard(client)["integrationId"] == str(kept.pk)
        subscribe(client, gone, ack=True)
        assert heard(client)["unknownIds"] == [str(gone.pk)]
