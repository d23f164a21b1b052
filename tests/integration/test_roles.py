"""What each role may do, who may give it, and that nobody lifts their own rights."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from integrations_health.models import HealthCheck, Integration, User
from tests import factories, roles
from tests.admin_pages import url
from tests.commands import run
from tests.roles import browser_of, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_roles")]

SECRET_KINDS = ("apikey", "session", "group", "permission", "logentry")


def rights(role: str) -> set[str]:
    return {
        f"{app}.{name}"
        for app, name in roles.role(role).permissions.values_list(
            "content_type__app_label", "codename"
        )
    }


def test_support_reads_acknowledges_silences_and_checks_and_does_nothing_else() -> None:
    held = rights("support")

    assert {right for right in held if ".view_" not in right} == {
        "alerts.acknowledge_alert",
        "alerts.add_silence",
        "alerts.change_silence",
        "alerts.delete_silence",
        "integrations_health.check_integration",
    }
    assert not [right for right in held if right.endswith(SECRET_KINDS)]


def test_each_role_can_do_what_the_one_before_can() -> None:
    support, operator, admin = (rights(role) for role in roles.ROLES)

    assert support < operator < admin
    assert {"alerts.change_alertrule", "alerts.test_destination"} <= operator - support
    assert {right.split("_")[-1] for right in admin - operator} == {
        "user", "integration", "apikey", "group",
    }  # fmt: skip


def test_bringing_the_roles_again_undoes_nothing_that_was_changed_by_hand() -> None:
    support = roles.role("support")
    support.permissions.set(Permission.objects.filter(codename="view_alert"))
    roles.role("operator").delete()
    before = rights("admin")

    roles.bring()

    assert rights("support") == {"alerts.view_alert"}
    assert "alerts.change_alertrule" in rights("operator")
    assert rights("admin") == before


def form_of(person: User, **changed: Any) -> dict[str, Any]:
    """Return what the page of a person sends."""
    sent = {
        "username": person.username,
        "timezone": person.timezone,
        "external_id": person.external_id or "",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "is_active": "on" if person.is_active else None,
        "is_staff": "on" if person.is_staff else None,
        "groups": [group.pk for group in person.groups.all()],
        "user_permissions": [one.pk for one in person.user_permissions.all()],
    }
    return {name: value for name, value in (sent | changed).items() if value is not None}


def change(client: Client, person: User, **changed: Any) -> Any:
    return client.post(url(User, "change", person.pk), form_of(person, **changed))


def test_an_admin_gives_and_takes_roles() -> None:
    actor, person = member("admin"), factories.user()
    operator = roles.role("operator")

    given = change(browser_of(actor), person, is_staff="on", groups=[operator.pk])
    person.refresh_from_db()
    is_operator = person.is_staff and person.has_perm("alerts.change_alertrule")
    taken = change(browser_of(actor), person, groups=[])

    assert (given.status_code, taken.status_code) == (302, 302)
    assert is_operator
    assert not person.groups.exists()


@pytest.mark.parametrize("of", ["oneself", "somebody"])
def test_an_admin_makes_nobody_a_superuser(of: str) -> None:
    actor = member("admin")
    person = actor if of == "oneself" else factories.user()

    answer = change(browser_of(actor), person, is_superuser="on")

    person.refresh_from_db()
    assert answer.status_code == 302
    assert not person.is_superuser


@pytest.mark.parametrize("of", ["oneself", "somebody"])
def test_an_admin_gives_no_right_that_they_lack(of: str) -> None:
    actor = member("admin")
    person = actor if of == "oneself" else factories.user()
    lacking = Permission.objects.get(codename="add_apikey")

    answer = change(browser_of(actor), person, user_permissions=[lacking.pk])

    assert answer.status_code == 200
    assert "not one of the available choices" in answer.content.decode()
    assert not person.user_permissions.exists()


def test_an_admin_puts_nobody_in_a_group_that_can_do_more() -> None:
    actor, stronger = member("admin"), Group.objects.create(name="owners")
    stronger.permissions.add(Permission.objects.get(codename="add_apikey"))

    answer = change(browser_of(actor), actor, groups=[stronger.pk])

    assert "not one of the available choices" in answer.content.decode()
    assert not actor.groups.filter(pk=stronger.pk).exists()


def stronger_people() -> dict[str, User]:
    """Return people who can do more than an admin, also those whose account is closed."""
    extra = Permission.objects.get(codename="add_apikey")
    keyed, closed = factories.user(), factories.user(is_active=False)
    keyed.user_permissions.add(extra)
    closed.user_permissions.add(extra)
    return {
        "superuser": factories.staff(),
        "closed superuser": factories.staff(is_active=False),
        "with one right more": keyed,
        "closed, with one right more": closed,
    }


@pytest.mark.parametrize(
    "who", ["superuser", "closed superuser", "with one right more", "closed, with one right more"]
)
def test_an_admin_takes_over_nobody_who_can_do_more(who: str) -> None:
    client, person = browser_of(member("admin")), stronger_people()[who]
    new_password = {
        "usable_password": "true",
        "password1": "long-enough-9",
        "password2": "long-enough-9",
        "set-password": "1",
    }

    answers = [
        change(client, person, email="thief@example.com", is_active="on"),
        client.post(f"/admin/integrations_health/user/{person.pk}/password/", new_password),
        client.post(url(User, "delete", person.pk), {"post": "yes"}),
        client.post(
            url(User, "changelist"),
            {"action": "delete_selected", "_selected_action": [str(person.pk)], "post": "yes"},
        ),
    ]

    found = User.objects.get(pk=person.pk)
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    assert (found.email, found.password, found.is_active) == (
        person.email,
        person.password,
        person.is_active,
    )


def test_an_admin_gives_a_role_no_right_that_they_lack() -> None:
    actor = member("admin")
    role = roles.role("admin")
    wanted = [*role.permissions.values_list("pk", flat=True)]
    wanted.append(Permission.objects.get(codename="add_apikey").pk)

    answer = browser_of(actor).post(
        f"/admin/auth/group/{role.pk}/change/", {"name": "admin", "permissions": wanted}
    )

    assert "not one of the available choices" in answer.content.decode()
    assert "integrations_health.add_apikey" not in rights("admin")


def test_an_admin_changes_no_role_that_can_do_more() -> None:
    stronger = Group.objects.create(name="owners")
    stronger.permissions.add(Permission.objects.get(codename="add_apikey"))
    client = browser_of(member("admin"))

    answers = [
        client.post(f"/admin/auth/group/{stronger.pk}/change/", {"name": "x", "permissions": []}),
        client.post(f"/admin/auth/group/{stronger.pk}/delete/", {"post": "yes"}),
        client.post(
            "/admin/auth/group/",
            {"action": "delete_selected", "_selected_action": [stronger.pk], "post": "yes"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert Group.objects.get(pk=stronger.pk).permissions.count() == 1


@pytest.mark.parametrize("role", ["support", "operator"])
def test_who_is_no_admin_changes_no_people_and_no_roles(role: str) -> None:
    actor = member(role)
    group = roles.role(role)

    answers = [
        change(browser_of(actor), actor, is_superuser="on"),
        browser_of(actor).post(url(User, "add"), {"username": "new"}),
        browser_of(actor).post(f"/admin/auth/group/{group.pk}/change/", {"name": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_who_reads_the_page_of_a_person_sees_nothing_of_the_password() -> None:
    person = factories.user(password="correct horse")

    page = browser_of(member("support")).get(url(User, "change", person.pk)).content.decode()

    assert "pbkdf2" not in page
    assert person.username in page


@pytest.mark.parametrize("role", roles.ROLES)
def test_staff_begin_at_the_open_alerts(role: str) -> None:
    assert browser_of(member(role)).get("/admin/")["Location"] == "/admin/alerts/alert/"


def test_who_may_not_see_alerts_begins_at_the_tables() -> None:
    client = browser_of(factories.user(is_staff=True))

    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain == [("/admin/tables/", 302)]
    assert answer.status_code == 200


def test_who_is_no_staff_is_told_so_instead_of_going_in_circles() -> None:
    client = browser_of(factories.user())

    answer = client.get("/admin/integrations_health/user/", follow=True)

    assert answer.status_code == 403
    assert "This is not yours to see" in answer.content.decode()


@pytest.mark.parametrize("role", [*roles.ROLES, "none"])
def test_a_command_gives_a_role_in_place_of_others(role: str) -> None:
    person = member("operator", external_id="app-olga")

    ran = run("give_role", "app-olga", role)

    person.refresh_from_db()
    assert ran.out == f"app-olga: {role}\n"
    assert [group.name for group in person.groups.all()] == [role] * (role != "none")
    assert person.is_staff is (role != "none")


@pytest.mark.parametrize(
    ("person", "role", "error"),
    [
        ("nobody", "support", "No such user"),
        ("both", "support", "Several users may be meant"),
        ("known", "owner", "Type one of: admin, operator, support, none."),
        ("root", "support", "is a superuser"),
    ],
)
def test_a_role_that_cannot_be_given_says_why(person: str, role: str, error: str) -> None:
    factories.user(username="known")
    factories.user(username="both")
    factories.user(external_id="both")
    factories.staff(username="root")

    ran = run("give_role", person, role)

    assert (ran.out, error in ran.error) == ("", True)


@pytest.mark.parametrize("role", roles.ROLES)
def test_every_role_has_integrations_checked_at_once(role: str, now: datetime) -> None:
    actor = member(role)
    watched, paused = (
        factories.integration(next_check_at=now, enabled=enabled) for enabled in (True, False)
    )

    answer = browser_of(actor).post(
        url(Integration, "changelist"),
        {"action": "check_now", "_selected_action": [str(watched.pk), str(paused.pk)]},
        follow=True,
    )

    due = {one.integration_id: one.next_check_at for one in HealthCheck.objects.all()}
    assert due[watched.pk] < now
    assert due[paused.pk] == now
    assert "1 will be checked within seconds. 1 paused and left alone." in answer.content.decode()
    noted = LogEntry.objects.get()
    assert (noted.user, noted.object_id) == (actor, str(watched.pk))


def test_who_has_no_role_has_nothing_checked(now: datetime) -> None:
    integration, person = factories.integration(next_check_at=now), factories.user(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_integration"))

    browser_of(person).post(
        url(Integration, "changelist"),
        {"action": "check_now", "_selected_action": [str(integration.pk)]},
    )

    assert HealthCheck.objects.get(integration=integration).next_check_at == now
