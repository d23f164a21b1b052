"""The addresses of the pages that people read."""

from django.urls import path
from django.views.generic import RedirectView

from integrations_health.pages import (
    checking,
    favicon,
    integration,
    preferences,
    public,
    public_feed,
    reconnecting,
    signing,
    status,
)

urlpatterns = [
    path("", status.page, name="status"),
    path("integrations/<uuid:integration_id>/", integration.page, name="integration"),
    path("integrations/<uuid:integration_id>/check/", checking.check_now, name="check-now"),
    path("integrations/<uuid:integration_id>/reconnect/", reconnecting.page, name="reconnect"),
    path("reconnect/<str:token>/", reconnecting.link, name="reconnect-link"),
    path("reconnect/back/<str:state>/", reconnecting.back, name="reconnect-back"),
    path("status/", public.page, name="public-status"),
    path("status/feed.xml", public_feed.feed, name="public-status-feed"),
    path("status/data.json", public.data, name="public-status-data"),
    path("sign-in/", signing.SignIn.as_view(), name="sign-in"),
    path("sign-out/", signing.SignOut.as_view(), name="sign-out"),
    path("preferences/theme/", preferences.theme, name="theme"),
    path("preferences/time-zone/", preferences.time_zone, name="time-zone"),
    path("favicon.svg", favicon.favicon, name="favicon"),
    path("favicon.ico", RedirectView.as_view(pattern_name="favicon")),
]
