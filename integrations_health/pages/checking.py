"""Check an integration now for somebody who pressed the button, and say how it went."""

import math
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from integrations_health import budget, manual_checks, pipeline
from integrations_health.models import HealthCheck, User
from integrations_health.pages import preferences, visitors

_RUNNING = "It is being checked; the result will be here in a moment."
_CACHED = "It worked less than a minute ago, so nothing was asked again."
_REFUSALS: dict[type[Exception], str] = {
    budget.Spent: "The provider lets us ask nothing more for now. Try again in a minute.",
    manual_checks.Busy: "Too many checks are running. Try again in a few seconds.",
    pipeline.Parked: "Its check failed on our side again and again. We try again within an hour.",
}


@require_POST
@login_required
def check_now(request: HttpRequest, integration_id: UUID) -> HttpResponse:
    """Check it, and go back to the page with the button."""
    user = request.user
    assert isinstance(user, User)
    rows = HealthCheck.objects.visible_to(visitors.own(user))
    if not rows.filter(integration_id=integration_id).exists():
        raise Http404
    try:
        answer = manual_checks.check(integration_id)
    except HealthCheck.DoesNotExist:
        raise Http404 from None
    except manual_checks.Limited as limited:
        messages.warning(request, f"It may be checked again in {seconds_of(limited.held_for)} s.")
    except tuple(_REFUSALS) as refused:
        messages.warning(request, _REFUSALS[type(refused)])
    else:
        messages.info(request, _said(answer))
    return HttpResponseRedirect(preferences.back(request))


def held_for(manual_at: datetime | None, *, now: datetime) -> int:
    """Return for how many seconds the button is not free after a press at `manual_at`."""
    if manual_at is None:
        return 0
    return seconds_of(manual_at + settings.MANUAL_CHECK_EVERY - now)


def seconds_of(wait: timedelta) -> int:
    """Return a wait in whole seconds, rounded up."""
    return max(math.ceil(wait.total_seconds()), 0)


def _said(answer: manual_checks.Answer) -> str:
    if answer.is_running:
        return _RUNNING
    return _CACHED if answer.is_cached else f"Checked just now: {answer.health.status}."
