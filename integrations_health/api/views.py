"""What every view of the API stands on."""

from rest_framework.views import APIView

from integrations_health.access import Caller, Scope

# Without OPTIONS, which would tell how views are made, and TRACE.
METHODS = ["get", "head", "post", "put", "patch", "delete"]


class ApiView(APIView):
    """A view of the API: who is asking stands in `caller`."""

    http_method_names = METHODS
    # The right that every method needs; None: `read` or `write`, as the method has it.
    needs: Scope | None = None
    # Whether it has an answer for who cannot be looked up while the database is away.
    shows_last_known = False

    @property
    def caller(self) -> Caller:
        """Return who is asking; nobody else gets as far as a method of the view."""
        caller = self.request.user
        assert isinstance(caller, Caller)
        return caller
