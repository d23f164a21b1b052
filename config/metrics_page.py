"""The address at which Prometheus asks; for whoever has no token there is nothing there."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from config import exposition


# Exempt, so that no method tells who has no token that there is an address.
@csrf_exempt
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Answer whoever shows the token; for all others the address does not exist."""
    if not _is_known(request.headers.get("Authorization", "")):
        raise Http404
    return _told(request)


@require_safe
def _told(request: HttpRequest) -> HttpResponse:
    # Never as OpenMetrics, in which the counter of checks and their gauge would have one name.
    return HttpResponse(exposition.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_known(authorization: str) -> bool:
    scheme, _, shown = authorization.partition(" ")
    token: str = settings.METRICS_TOKEN
    is_right = hmac.compare_digest(shown.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_right
