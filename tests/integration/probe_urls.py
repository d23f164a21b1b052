"""The product's addresses, and views that do to a request whatever a test wants."""

from django.db import OperationalError
from django.http import Http404
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config import urls
from config.urls import handler400, handler403, handler404, handler500
from integrations_health.api.views import ApiView
from integrations_health.problems import Problem

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

CANARY = "canary-text-of-an-exception"


class Whoever(ApiView):
    """Says who is asking."""

    def get(self, request: Request) -> Response:
        caller = self.caller
        return Response(
            {
                "way": caller.way,
                "scopes": sorted(caller.scopes),
                "userId": caller.user_id and str(caller.user_id),
                "externalId": caller.external_id,
                "seesEverybody": caller.sees_everybody,
            }
        )

    def post(self, request: Request) -> Response:
        return Response({"sent": request.data})


class Picky(serializers.Serializer[None]):
    """Takes hardly anything."""

    color = serializers.ChoiceField(["red", "blue"])
    sizes = serializers.ListField(child=serializers.IntegerField(max_value=3))


class Fields(ApiView):
    """Looks at what is sent."""

    def post(self, request: Request) -> Response:
        Picky(data=request.data).is_valid(raise_exception=True)
        return Response()


class Hook(ApiView):
    """Says how much of a body there is to read."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        return Response({"read": len(request.read())})


ERRORS = {
    "crash": lambda: ZeroDivisionError(CANARY),
    "missing": lambda: Http404(CANARY),
    "database": lambda: OperationalError(CANARY),
    "conflict": lambda: Problem(
        status=409,
        code="not_needed",
        detail="It is well.",
        headers={"Retry-After": "7"},
        members={"current": {"status": "healthy"}},
    ),
}


class Failing(ApiView):
    """Raises the error that its address names."""

    def get(self, request: Request, error: str) -> Response:
        raise ERRORS[error]()


urlpatterns = [
    path("api/whoever", Whoever.as_view()),
    path("api/hooks/whoever", Hook.as_view()),
    path("api/fields", Fields.as_view()),
    path("api/fails/<error>", Failing.as_view()),
    path("", include(urls.urlpatterns)),
]
