"""Connect an integration again: the page before, the way to the provider, and the way back."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from integrations_health import (
    manual_checks,
    names,
    reauth,
    reauth_return,
    reauth_tokens,
    reconnection,
    tasks,
)
from integrations_health.access import Caller
from integrations_health.models import User
from integrations_health.pages import checking, visitors
from integrations_health.pages.reconnect_words import ENDINGS, NO_LINK, TOO_OFTEN, said_of
from integrations_health.reauth_return import Ending
from integrations_health.reauth_tokens import Kind
from integrations_health.reconnection import Reconnection

# Who comes back waits for the first check; what takes longer is shown when it is there.
PATIENCE = timedelta(seconds=5)
_Methods = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@_Methods
@login_required
def page(request: HttpRequest, integration_id: UUID) -> HttpResponse:
    """Show what is to be connected again; begin when the button is pressed."""
    caller = visitors.own(request.user)
    if request.method == "POST":
        return _begin(request, caller, integration_id)
    return _shown(request, _read(caller, integration_id))


@never_cache
@_Methods
@login_required
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Do what `page` does, for whoever follows a link that we sent them."""
    caller = visitors.own(request.user)
    try:
        signed = reauth_tokens.read(Kind.LINK, token)
    except reauth_tokens.Forged:
        raise Http404 from None
    asked = reconnection.asked_by(caller, signed)
    if asked is None:
        raise Http404
    is_late = signed.expires_at <= timezone.now()
    if request.method == "POST" and not (is_late or asked.is_done):
        return _begin(request, caller, signed.integration_id)
    found = _read(caller, signed.integration_id)
    used_at = asked.closed_at if asked.is_done else None
    return _shown(request, found, is_late=is_late, used_at=used_at)


@never_cache
@require_safe
@login_required
def back(request: HttpRequest, state: str) -> HttpResponse:
    """Take who comes back from the provider; only the first time does anything."""
    caller = visitors.own(request.user)
    if request.method == "HEAD" and reauth_return.is_known(caller, state):
        return HttpResponse()
    try:
        finished = reauth_return.finish(
            caller,
            state,
            status=request.GET.get("status", ""),
            account_id=request.GET.get("connected_account_id", ""),
        )
    except reauth_return.NotFound:
        raise Http404 from None
    found = _read(caller, finished.integration_id)
    if finished.ending is Ending.UNANSWERED:
        return _shown(request, found, again=request.get_full_path())
    if finished.ending is Ending.CONNECTED:
        _check(found)
    else:
        level, sentence = ENDINGS[finished.ending]
        provider = names.provider(found.health.provider)
        messages.add_message(request, level, sentence.format(provider=provider))
    return HttpResponseRedirect(reverse("reconnect", args=[finished.integration_id]))


def _begin(request: HttpRequest, caller: Caller, integration_id: UUID) -> HttpResponse:
    try:
        return HttpResponseRedirect(reauth.start(caller, integration_id))
    except reauth.NotFound:
        raise Http404 from None
    except reauth.Unavailable:
        provider = names.provider(_read(caller, integration_id).health.provider)
        messages.warning(request, NO_LINK.format(provider=provider))
    except reauth.TooOften:
        messages.warning(request, TOO_OFTEN)
    except reauth.NotOffered:
        pass  # the page says why
    return HttpResponseRedirect(reverse("reconnect", args=[integration_id]))


def _check(found: Reconnection) -> None:
    """Have it checked at once; what cannot be asked now is due, and a worker does it."""
    try:
        manual_checks.check(found.health.integration_id, patience=PATIENCE, is_limited=False)
    except tuple(checking.REFUSED):
        tasks.wake(found.health.provider)


def _read(caller: Caller, integration_id: UUID) -> Reconnection:
    found = reconnection.read(caller, integration_id, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _shown(request: HttpRequest, found: Reconnection, **besides: Any) -> HttpResponse:
    assert isinstance(request.user, User)
    context = {"page": "reconnect", **said_of(found, request.user, **besides)}
    # Browsers hold every redirect that follows a form against the policy of its page: the way to
    # the service's own sign-in has several, by hosts that nobody lists.
    answer = render(request, "pages/reconnect.html", context)
    csp_update({"form-action": ["https:", *_origins()]})(lambda request: answer)(request)
    return answer


def _origins() -> list[str]:
    """Return where the providers are asked, as far as that is not by https: the simulator."""
    urls = {config["base_url"] for config in settings.PROVIDERS.values() if config["base_url"]}
    parts = sorted(urlsplit(url)[:2] for url in urls)
    return [f"{scheme}://{place}" for scheme, place in parts if scheme != "https"]
