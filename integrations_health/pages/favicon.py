"""The page's icon in the browser's tab, with the count of what fails."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

MOST_SHOWN = 99
_DIGITS = 9
_CALM = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
    'rx="9" fill="#2a50cf"/><path d="M5 17h5l3.5-9 5.5 16 3.5-7H27" fill="none" '
    'stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
_FAILING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M10 1h12l9 9v12l-9 9H10'
    'l-9-9V10z" fill="#c4271e"/><text x="16" y="22.5" text-anchor="middle" font-family="system-ui,'
    'sans-serif" font-weight="700" font-size="{size}" fill="#fff">{count}</text></svg>'
)


@require_safe
@cache_control(public=True, max_age=86_400, immutable=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """Answer the icon for as many failing integrations as the address says."""
    said = request.GET.get("failing", "")
    failing = int(said) if said.isdecimal() and len(said) < _DIGITS else 0
    count = f"{failing}" if failing <= MOST_SHOWN else f"{MOST_SHOWN}+"
    image = _FAILING.format(count=count, size=20 - 3 * len(count)) if failing else _CALM
    return HttpResponse(image, content_type="image/svg+xml")
