"""The whole URL space on one screen."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from config import pages

admin.site.site_header = admin.site.site_title = "Integration health"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
]
