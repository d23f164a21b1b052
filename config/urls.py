"""The whole URL space on one screen."""

from django.contrib import admin
from django.urls import include, path

from config import pages

admin.site.site_header = admin.site.site_title = "Integration health"

urlpatterns = [
    path("", include("integrations_health.pages.urls")),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
]

# Under /api/ the API answers for itself.
handler400 = "integrations_health.pages.errors.bad_request"
handler403 = "integrations_health.pages.errors.forbidden"
handler404 = "integrations_health.pages.errors.not_found"
handler500 = "integrations_health.pages.errors.server_error"
