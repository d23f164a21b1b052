"""Who signs in, and what the pages say when something is wrong."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from integrations_health.models import User
from integrations_health.pages import errors
from tests import factories

PASSWORD = "correct horse battery staple"
REFUSED = "This name and password do not belong together."


@pytest.fixture
def person(db: None) -> User:
    return factories.user(username="ann", external_id="app-ann", password=PASSWORD)


def sign_in(client: Client, name: str, password: str = PASSWORD) -> Any:
    return client.post("/sign-in/", {"username": name, "password": password, "next": "/?sort=name"})


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("name", ["ann", "app-ann"])
def test_people_sign_in_by_username_or_by_the_applications_id(client: Client, name: str) -> None:
    answer = sign_in(client, name)

    assert (answer.status_code, answer["Location"]) == (302, "/?sort=name")


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("ann", ""), ("a\0b", "x")],
)
def test_a_wrong_pair_is_refused_without_saying_which(
    client: Client, name: str, password: str
) -> None:
    answer = sign_in(client, name, password)

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert PASSWORD not in answer.content.decode()


@pytest.mark.usefixtures("person")
def test_an_external_id_takes_nobodys_username(client: Client) -> None:
    factories.user(username="thief", external_id="ann", password="another password")

    answer = sign_in(client, "ann", "another password")

    assert REFUSED in answer.content.decode()


def test_who_may_not_sign_in_is_refused(client: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert REFUSED in sign_in(client, "ann").content.decode()


def test_signing_out_is_no_link(client: Client, person: User) -> None:
    client.force_login(person)

    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_what_is_not_there_is_said_in_the_look_of_the_rest(client: Client) -> None:
    answer = client.get("/no-such-page/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_failure_of_ours_is_told_without_a_database() -> None:
    request = RequestFactory().get("/?sort=name")

    answer = errors.server_error(request)

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert 'href="/?sort=name"' in answer.content.decode()


def test_a_form_without_its_proof_is_refused_with_what_to_do(db: None) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/sign-in/", {"username": "ann", "password": PASSWORD})

    assert answer.status_code == 403
    assert "The form could not be accepted" in answer.content.decode()


def test_who_may_not_is_told_so() -> None:
    answer = errors.forbidden(RequestFactory().get("/"), PermissionError())

    assert answer.status_code == 403
    assert "This is not yours to see" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["\0" * 32, "\xff" * 32, "a" * 5_000, "' OR 1=1 -- " * 3])
def test_a_cookie_that_is_no_session_signs_nobody_in(client: Client, key: str) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = key

    assert client.get("/")["Location"] == "/sign-in/?next=/"
    assert client.get("/api/integrations").status_code == 401
