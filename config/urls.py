"""The whole URL space on one screen."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import metrics_page, pages, system_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("integrations_health.pages.urls")),
    path("api/", include("integrations_health.api.urls")),
    path("", include("alerts.urls")),
    path("admin/system/", admin.site.admin_view(system_page.page), name="staff-system"),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
    path("metrics", metrics_page.page, name="metrics"),
]

# A page, or under /api/ a problem (RFC 9457).
handler400 = "integrations_health.pages.errors.bad_request"
handler403 = "integrations_health.pages.errors.forbidden"
handler404 = "integrations_health.pages.errors.not_found"
handler500 = "integrations_health.pages.errors.server_error"
