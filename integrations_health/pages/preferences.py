"""Keep what a person prefers: the theme in a cookie, the time zone on their account."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from integrations_health.models import User
from integrations_health.pages import themes
from integrations_health.timezones import validate_time_zone


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme and go back to the page."""
    answer = HttpResponseRedirect(back(request))
    answer.set_cookie(
        themes.COOKIE,
        themes.asked_for({themes.COOKIE: request.POST.get("theme", "")}),
        max_age=themes.COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return answer


@require_POST
@login_required
def time_zone(request: HttpRequest) -> HttpResponse:
    """Keep the time zone in which the person reads times, and go back to the page."""
    name = request.POST.get("timezone", "").strip()
    try:
        validate_time_zone(name)
    except ValidationError as error:
        messages.error(request, f"The time zone is as it was: {error.messages[0]}")
    else:
        assert isinstance(request.user, User)
        User.objects.filter(pk=request.user.pk).update(timezone=name)
        messages.success(request, f"Times are shown in {name}.")
    return HttpResponseRedirect(back(request))


def back(request: HttpRequest) -> str:
    """Return the page of ours that a form was sent from; the status page when it says none."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return page
    return resolve_url(settings.LOGIN_REDIRECT_URL)
