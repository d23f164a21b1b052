"""What each role may do, where it begins, and how a command gives it."""

from datetime import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from integrations_health.models import HealthCheck, Integration
from tests import factories, roles
from tests.admin_pages import url
from tests.commands import run
from tests.roles import browser_of, member, rights

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_roles")]

SECRET_KINDS = ("apikey", "session", "group", "permission", "logentry")


def test_support_reads_acknowledges_silences_and_checks_and_does_nothing_else() -> None:
    held = rights("support")

    assert {right for right in held if ".view_" not in right} == {
        "alerts.acknowledge_alert",
        "alerts.add_silence",
        "alerts.change_silence",
        "alerts.delete_silence",
        "alerts.send_reauth_link",
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
        ("known", "\udcfcber", "Type one of: admin, operator, support, none."),
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
    said = "1 integration will be checked within a minute. 1 paused and left alone."
    assert said in answer.content.decode()
    noted = LogEntry.objects.values_list("user", "object_id")
    assert set(noted) == {(actor.pk, str(one.pk)) for one in (watched, paused)}


def test_who_has_no_role_has_nothing_checked(now: datetime) -> None:
    integration, person = factories.integration(next_check_at=now), factories.user(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_integration"))

    browser_of(person).post(
        url(Integration, "changelist"),
        {"action": "check_now", "_selected_action": [str(integration.pk)]},
    )

    assert HealthCheck.objects.get(integration=integration).next_check_at == now
