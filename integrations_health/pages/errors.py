"""The pages that say what went wrong, in the look of the rest.

They ask neither the session nor the database, and hold no token: a foreign, a deleted and an
unknown id are answered the same, byte for byte. Under /api/ the API answers for itself.
"""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from integrations_health import database_faults, refusals, unavailability
from integrations_health.pages import themes

_TEMPLATE = "errors/error.html"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be understood."""
    if refusals.is_api(request):
        return refusals.bad_request(request, exception)
    return _page(
        request,
        HTTPStatus.BAD_REQUEST,
        "That request was not understood",
        "Something in the address or in what was sent is not as it should be.",
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody who may not see this."""
    if refusals.is_api(request):
        return refusals.forbidden(request, exception)
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        "This is not yours to see",
        "You are signed in, but this page needs rights that your account does not have.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address, or an integration, that is not there for this person."""
    if refusals.is_api(request):
        return refusals.not_found(request, exception)
    return _page(
        request,
        HTTPStatus.NOT_FOUND,
        "There is nothing here",
        "The address may be mistyped, or what it showed was removed.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when we broke."""
    # Django calls this where it caught what was raised.
    error = sys.exception()
    if error is not None and database_faults.is_away(error):
        return unavailable(request)
    if refusals.is_api(request):
        return refusals.failed(request)
    return _page(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something broke on our side",
        "It has been written down. Your integrations are watched as before; only this page failed.",
        retry=request.get_full_path() if request.method == "GET" else "",
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while the database is away."""
    if refusals.is_api(request):
        return refusals.unavailable(request)
    answer = _page(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "We cannot look right now",
        "Our database does not answer. It is no fault of yours or of your integrations, and "
        "nothing was changed.",
        "Wait half a minute, then try again: this works as soon as the database is back.",
        retry=request.get_full_path() if request.method == "GET" else "",
    )
    answer.headers["Retry-After"] = str(unavailability.retry_seconds())
    answer.headers["Cache-Control"] = "no-store"
    return answer


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without the proof that it is ours (CSRF)."""
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        "The form could not be accepted",
        "It was open for too long, you signed in or out meanwhile, or cookies are blocked.",
        "Nothing was changed. Go back, reload the page and send it again.",
    )


def _page(
    request: HttpRequest, status: HTTPStatus, title: str, *paragraphs: str, retry: str = ""
) -> HttpResponse:
    said = {"code": status.value, "title": title, "paragraphs": paragraphs, "retry": retry}
    return HttpResponse(
        render_to_string(_TEMPLATE, {**themes.frame(request), **said}), status=status
    )
