"""What a caller may do: read with `read`, change with `write`."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from integrations_health import unavailability
from integrations_health.access import ACT_FOR, Caller, Scope, Way
from integrations_health.problems import Problem

if TYPE_CHECKING:
    # It imports us: we are its default.
    from rest_framework.views import APIView


class MayByScope(BasePermission):
    """Lets in whoever proved who they are and has the right for the method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Say whether somebody is asking. Raises Problem when they lack the right."""
        caller = request.user
        if not isinstance(caller, Caller):
            return False
        if ACT_FOR in request.headers and caller.way is not Way.API_KEY:
            # In silence they would take their own for somebody else's.
            raise Problem(
                status=400,
                code="invalid_act_for",
                detail=f"Only an API key acts for somebody: leave the header `{ACT_FOR}` out.",
            )
        if caller.is_remembered and not getattr(view, "shows_last_known", False):
            # Even if the database is back by now: nobody has looked whether the proof still stands.
            raise unavailability.for_now()
        by_method = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        wanted: Scope = getattr(view, "needs", None) or by_method
        if not caller.may(wanted):
            raise Problem(
                status=403,
                code="scope_missing",
                detail=f"This needs the right `{wanted}`, which the API key does not have.",
            )
        return True
