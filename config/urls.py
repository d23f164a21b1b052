"""The whole URL space on one screen."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import pages

admin.site.site_header = admin.site.site_title = "Integration health"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("api/", include("integrations_health.api.urls")),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
]

# A problem (RFC 9457) under /api/, a page elsewhere.
handler400 = "integrations_health.refusals.bad_request"
handler403 = "integrations_health.refusals.forbidden"
handler404 = "integrations_health.refusals.not_found"
handler500 = "integrations_health.refusals.failed"
