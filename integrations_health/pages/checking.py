"""Check one integration because its owner pressed the button, and go back to the page."""

import math
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from integrations_health import budget, manual_checks, names, pipeline
from integrations_health.models import HealthCheck, Integration, User
from integrations_health.overlay import OpenIncidents, shown_status
from integrations_health.pages import preferences, visitors

_BUSY = "The provider lets us ask no more right now. Try again in a minute."
REFUSED: dict[type[Exception], str] = {
    budget.Spent: _BUSY,
    manual_checks.Busy: "Too many checks run at once. Try again in a few seconds.",
    pipeline.Parked: "Our own check of it keeps failing. It is tried again within the hour.",
}


@require_POST
@login_required
def check_now(request: HttpRequest, integration_id: UUID) -> HttpResponse:
    """Check it, say what was found, and show the row again."""
    assert isinstance(request.user, User)
    caller = visitors.own(request.user)
    watched = Integration.objects.visible_to(caller).filter(pk=integration_id).first()
    if watched is None:
        raise Http404
    name = watched.display_name or names.service(watched.service)
    try:
        answer = manual_checks.check(integration_id)
    except manual_checks.Limited as limited:
        seconds = max(1, math.ceil(limited.held_for.total_seconds()))
        messages.warning(request, f"{name} was checked a moment ago. Again in {seconds} s.")
    except HealthCheck.DoesNotExist:
        raise Http404 from None
    except tuple(REFUSED) as reason:
        messages.warning(request, f"{name} was not checked. {REFUSED[type(reason)]}")
    else:
        _tell(request, name, answer)
    return HttpResponseRedirect(f"{preferences.back(request)}#i-{integration_id}")


def _tell(request: HttpRequest, name: str, answer: manual_checks.Answer) -> None:
    if answer.is_running:
        messages.info(request, f"The check of {name} takes longer. Its result will be shown here.")
        return
    health = answer.health
    incident = OpenIncidents.read().over(provider=health.provider, service=health.service)
    status = shown_status(health.status, incident)
    found = f"{name} is {status}"
    when = "checked within the last minute" if answer.is_cached else "checked just now"
    said = f"{found}, {when}. {health.error_message}".strip()
    level = messages.SUCCESS if status == "healthy" else messages.WARNING
    messages.add_message(request, level, said)
