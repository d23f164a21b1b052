"""The OpenAPI document, and a page that shows it. Neither tells of anybody, so both are public."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from integrations_health import openapi
from integrations_health.api.views import METHODS, ApiView


class Json(BaseRenderer):
    """Chosen by `Accept: application/json`, or by none."""

    media_type = "application/json"
    format = "json"


class Yaml(BaseRenderer):
    """Chosen by `Accept: application/yaml`."""

    media_type = "application/yaml"
    format = "yaml"


class Schema(ApiView):
    """The OpenAPI document."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (Json, Yaml)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Return the document as JSON or YAML."""
        # What is accepted may have parameters, which the answer has not.
        chosen = request.accepted_renderer
        text = openapi.written(as_yaml=isinstance(chosen, Yaml))
        return HttpResponse(text, content_type=f"{chosen.media_type}; charset=utf-8")


class Docs(SpectacularSwaggerSplitView):
    """A page that shows the document, and tries it out as whoever is signed in."""

    http_method_names = METHODS
    authentication_classes = ()
    permission_classes = ()
    url_name = "api-schema"
    template_name = "api/docs.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Return the page, or with `?script` what starts it."""
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # of a library
