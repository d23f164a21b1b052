"""Acknowledge an alert because its owner pressed the button, and go back to the page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from alerts import lifecycle, standing
from integrations_health.models import User
from integrations_health.pages import preferences, visitors

SECTION = "alerts"


@require_POST
@login_required
def acknowledge(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Note that the owner looks after it, say so, and show the page again."""
    assert isinstance(request.user, User)
    caller = visitors.own(request.user)
    if standing.one(caller, alert_id) is None:
        raise Http404
    is_first = bool(lifecycle.acknowledge([alert_id], by=request.user))
    alert = standing.one(caller, alert_id)
    if alert is None:
        raise Http404
    if is_first:
        messages.success(request, "Noted: you look after it now.")
    elif alert.acknowledged_at is None:
        messages.info(request, "It is over already: there is nothing to look after any more.")
    elif standing.reader(caller).who(alert.acknowledged_by, alert) == "you":
        messages.info(request, "You look after it already.")
    else:
        messages.info(request, "Our support looks after it already.")
    return HttpResponseRedirect(f"{preferences.back(request)}#{SECTION}")
