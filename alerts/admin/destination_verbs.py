"""What the buttons of a destination do. Each leaves an audit row."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime

from alerts import destinations, trials
from alerts.admin import delivery_log
from alerts.models import Destination
from alerts.models.destination import Channel
from integrations_health import audit, clock


class Verb(NamedTuple):
    """Who may do it, and what it does; it answers only where there is more than a sentence."""

    permission: str
    act: Callable[[HttpRequest, Destination], HttpResponse | None]


def shown_once(
    request: HttpRequest, destination: Destination, secret: str, *, is_new: bool
) -> HttpResponse:
    """Return the only page that ever shows a signing secret; nobody keeps it."""
    context = {
        **admin.site.each_context(request),
        "title": "The signing secret",
        "opts": Destination._meta,
        "destination": destination,
        "secret": str(secret),
        "is_new": is_new,
    }
    answer = TemplateResponse(request, "admin/alerts/destination/secret.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _test(request: HttpRequest, destination: Destination) -> None:
    error = trials.send(destination, now=clock.now())
    destination.refresh_from_db(fields=["last_duration_ms"])
    took = f"{(destination.last_duration_ms or 0) / 1000:.1f} s"
    audit.note(request, [destination], f"Tested: {error or 'the message was taken.'}")
    if error:
        messages.error(request, f"The test was not taken, after {took}: {error}")
    else:
        messages.success(request, f"The test was taken, after {took}. See whether it is there.")


def _rotate(request: HttpRequest, destination: Destination) -> HttpResponse | None:
    """Give a webhook a new secret; a page that is sent again gives it no second one."""
    if destination.kind != Channel.WEBHOOK:
        messages.error(request, "Only a webhook has a signing secret.")
        return None
    seen = parse_datetime(request.POST.get("rotated_at", ""))
    with transaction.atomic():
        row = Destination.objects.only("secret_rotated_at").select_for_update()
        if row.get(pk=destination.pk).secret_rotated_at != seen:
            messages.warning(
                request, "It was given a new secret meanwhile. Press again for another one."
            )
            return None
        secret = destinations.rotate_secret(destination, now=clock.now())
        audit.note(request, [destination], "Given a new signing secret; both sign for 24 hours.")
    return shown_once(request, destination, secret, is_new=False)


@transaction.atomic
def _enable(request: HttpRequest, destination: Destination) -> None:
    if not destination.enabled:
        destinations.enable(destination, now=clock.now())
        audit.note(request, [destination], "Enabled.")
    messages.success(request, "It is on. Dead messages can be sent again below.")


@transaction.atomic
def _disable(request: HttpRequest, destination: Destination) -> None:
    if destination.enabled:
        why = f"By {request.user.get_username()}, by hand."[:200]
        destinations.disable(destination, why, now=clock.now())
        audit.note(request, [destination], "Disabled.")
    messages.success(request, "It is off: what its rules find is held back until it is enabled.")


def _replay(request: HttpRequest, destination: Destination) -> None:
    """Send one message again, or those that are ticked; only of this destination."""
    asked = [request.POST["message"]] if "message" in request.POST else request.POST.getlist("ids")
    own = {str(entry.message.pk): entry for entry in delivery_log.of_destination(destination)}
    delivery_log.send_again(request, [own[pk].message.pk for pk in asked if pk in own])


VERBS = {
    "test": Verb("alerts.test_destination", _test),
    "rotate": Verb("alerts.change_destination", _rotate),
    "enable": Verb("alerts.change_destination", _enable),
    "disable": Verb("alerts.change_destination", _disable),
    "replay": Verb(delivery_log.MAY_REPLAY, _replay),
}
