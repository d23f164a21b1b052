"""The admin's site: where staff begin, how they sign in, and what holds on each of its pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse

from integrations_health import audit

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class StaffSite(admin.AdminSite):
    """Opens on what is wrong now; the tables are one click away."""

    site_header = site_title = "Integration health"
    index_title = "All tables"
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        """Make deleting what is chosen and its audit rows one thing: both happen or neither."""
        super().__init__(name)
        self.disable_action("delete_selected")
        self.add_action(transaction.atomic(delete_selected), "delete_selected")

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Let staff in, with an address that PostgreSQL can be asked for: it takes no NUL."""

        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "\0" in request.path or "%00" in request.GET.urlencode():
                raise BadRequest
            return view(request, *args, **kwargs)

        return super().admin_view(cast(View, asked), cacheable)

    def get_urls(self) -> list[Any]:
        """Keep Django's index at an address of its own."""
        return [path("tables/", self.admin_view(self.tables), name="tables"), *super().get_urls()]

    def index(  # type: ignore[override]  # a redirect, where Django has its page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the open alerts; to the tables, for who may not see alerts."""
        assert request.user.is_authenticated
        may = request.user.has_perm("alerts.view_alert")
        return HttpResponseRedirect(
            reverse("admin:alerts_alert_changelist" if may else "admin:tables")
        )

    def tables(self, request: HttpRequest) -> HttpResponse:
        """List what there is to look at: Django's own index."""
        return super().index(request)

    def password_change(  # type: ignore[override]  # it is a redirect, too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Let people change their own password, and write down that they did."""
        assert request.user.is_authenticated
        before = request.user.password
        with transaction.atomic():
            answer = super().password_change(request, extra_context)
            if request.user.password != before:
                audit.note(request, [request.user], "Own password was set.")
        return answer

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send people to the one page on which everybody signs in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))
