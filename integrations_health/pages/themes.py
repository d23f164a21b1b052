"""Which theme a browser asked for: light, dark, or what its system says."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

COOKIE = "theme"
COOKIE_SECONDS = 365 * 86_400
PRODUCT = "Integration health"
# An empty value follows the system.
THEMES = (("", "System"), ("light", "Light"), ("dark", "Dark"))


def asked_for(cookies: Mapping[str, str]) -> str:
    """Return the theme in a browser's cookies; "" when it follows the system."""
    theme = cookies.get(COOKIE, "")
    return theme if theme in dict(THEMES) else ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every template what the frame of a page shows. Reads nothing but cookies."""
    return {
        "product": PRODUCT,
        "themes": THEMES,
        "theme": asked_for(request.COOKIES),
        "has_public_page": settings.PUBLIC_STATUS_PAGE,
    }
