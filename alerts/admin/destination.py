"""What staff see of destinations: where messages go, and how they are taken."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from alerts.admin import delivery_log
from alerts.admin.destination_form import DestinationForm
from alerts.admin.destination_verbs import VERBS, shown_once
from alerts.models import Destination
from alerts.models.destination import Channel
from alerts.senders import webhook
from integrations_health.staff_pages import QuickAdmin

SEEN = ("state", "last_attempt_at", "last_success_at", "last_error", "took", "created_at")
MOST_RULES = 20


@admin.register(Destination)
class DestinationAdmin(QuickAdmin):
    """Mailboxes, webhooks and Slack channels. Their secrets are written here and never read."""

    form: Any = DestinationForm
    list_display = (
        "name", "kind", "for_staff", "state", "last_attempt_at", "last_error", "took"
    )  # fmt: skip
    list_filter = ("kind", "enabled", "is_for_staff")
    search_fields = ("name__istartswith",)
    search_help_text = "How the name begins"
    ordering = ("name",)

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("alerts/delivery.css",)}

    def get_urls(self) -> list[Any]:
        """Give each button an address of its own."""
        buttons = [
            path(
                f"<uuid:pk>/{verb}/",
                self.admin_site.admin_view(require_POST(partial(self.act, verb=verb))),
                name=f"alerts_destination_{verb}",
            )
            for verb in VERBS
        ]
        return [*buttons, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Offer what fits the kind, once it is known."""
        if not isinstance(obj, Destination):
            return ["name", "kind", "email", "new_address", "is_for_staff"]
        typed = "email" if obj.kind == Channel.EMAIL else "new_address"
        if not self.has_change_permission(request, obj):
            return ["name", "kind", *(["email"] if typed == "email" else []), "is_for_staff", *SEEN]
        return ["name", "kind", typed, "is_for_staff", *SEEN]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Keep the kind as it is: rules rely on it."""
        return SEEN if obj is None else ("kind", *SEEN)

    def get_actions(self, request: HttpRequest) -> Any:
        """Delete destinations one by one: each says why it cannot go."""
        return {
            name: action
            for name, action in super().get_actions(request).items()
            if name != "delete_selected"
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write what was typed; a new webhook gets a secret of our making."""
        if address := form.cleaned_data.get("new_address"):
            obj.address = address
        if not change and obj.kind == Channel.WEBHOOK:
            obj.secret = webhook.new_secret()
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show a new webhook's secret, which is never shown again."""
        if obj.kind == Channel.WEBHOOK:
            return shown_once(request, obj, obj.secret, is_new=True)
        return super().response_add(request, obj, post_url_continue)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the delivery log below the form."""
        found = self.get_object(request, object_id)
        if not isinstance(found, Destination):
            return super().change_view(request, object_id, form_url, extra_context)
        log = delivery_log.of_destination(found)
        may = {verb: request.user.has_perm(one.permission) for verb, one in VERBS.items()}
        more = {
            "log": log,
            "is_longer": len(log) == delivery_log.SHOWN,
            "may": may,
            "may_replay": may["replay"] and any(entry.is_replayable for entry in log),
            "is_webhook": found.kind == Channel.WEBHOOK,
        }
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def act(self, request: HttpRequest, pk: UUID, *, verb: str) -> HttpResponse:
        """Do what a button says, and come back to the page."""
        if not request.user.has_perm(VERBS[verb].permission):
            raise PermissionDenied
        found = self.get_object(request, str(pk))
        if not isinstance(found, Destination):
            raise Http404
        answer = VERBS[verb].act(request, found)
        back = reverse("admin:alerts_destination_change", args=[pk])
        return answer or HttpResponseRedirect(back)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Say what is in the way of deleting a destination, and what to do."""
        # Never the messages themselves: there may be very many.
        chosen = list(objs)
        reasons = [reason for one in chosen for reason in _in_the_way(one)]
        return list(map(str, chosen)), {"destinations": len(chosen)}, set(), reasons

    @admin.display(description="for staff", ordering="is_for_staff")
    def for_staff(self, destination: Destination) -> str:
        """Return whether it hears what concerns the product itself."""
        return "yes" if destination.is_for_staff else "-"

    @admin.display(description="state", ordering="enabled")
    def state(self, destination: Destination) -> SafeString:
        """Return whether it is on, or since when and why it is not."""
        if destination.enabled:
            return delivery_log.pill("on")
        at, why = destination.disabled_at, destination.disabled_reason or "Nobody said why."
        since = "" if at is None else f"since {date_format(localtime(at), 'DATETIME_FORMAT')}"
        return format_html("{} {}<br>{}", delivery_log.pill("off"), since, why)

    @admin.display(description="last took", ordering="last_duration_ms")
    def took(self, destination: Destination) -> str:
        """Return how long the last attempt lasted."""
        took = destination.last_duration_ms
        return "-" if took is None else f"{took:,} ms"


def _in_the_way(destination: Destination) -> list[str]:
    rules = destination.rules.order_by("name").values_list("pk", "name")
    reasons: list[str] = [
        format_html(
            '<a href="{}">The rule “{}”</a><div>It tells by this: give it another one first.</div>',
            reverse("admin:alerts_alertrule_change", args=[pk]),
            name,
        )
        for pk, name in rules[:MOST_RULES]
    ]
    if destination.notifications.exists():
        reasons.append("It has a delivery log, which is kept. Disable it instead.")
    return reasons
