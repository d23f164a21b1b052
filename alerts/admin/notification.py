"""What staff see of messages: who was told what, and what became of it."""

from datetime import UTC
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from alerts.admin import delivery_log
from alerts.models import Destination, Notification
from integrations_health import time_words
from integrations_health.models import User
from integrations_health.staff_pages import ReadOnlyAdmin

MOST_FOUND = 50


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Who was told, and who is still to be told, newest first."""

    list_display = (
        "planned", "stands", "to", "tells", "channel", "attempts", "last_error"
    )  # fmt: skip
    list_filter = ("state", "channel", "is_digest")
    list_per_page = 50
    # By an index, whatever is chosen.
    ordering = ("-created_at", "-id")
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = (
        "The id of a message, how a destination's name begins, or whose username or e-mail address"
    )
    # No body, and no token of a lease.
    fields = (
        "to", "channel", "stands", "items", "attempts", "last_error", "next_attempt_at",
        "leased_until", "sent_at", "is_digest", "collects_until", "created_at", "sent_anew_of",
        "sent_anew_as",
    )  # fmt: skip
    actions = ("replay",)

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("alerts/delivery.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave bodies, and the secrets of the destinations, in the database."""
        return delivery_log.with_items(super().get_queryset(request))

    def get_urls(self) -> list[Any]:
        """Give the button an address of its own."""
        view = self.admin_site.admin_view(require_POST(self.send_again))
        button = path("<uuid:pk>/replay/", view, name="alerts_notification_replay")
        return [button, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Find messages by their id or by whom they went to: through an index each."""
        term = search_term.strip()
        return (queryset.filter(_named(term)) if term else queryset), False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may send dead messages again."""
        return request.user.has_perm(delivery_log.MAY_REPLAY)

    @admin.action(description="Send the chosen dead messages again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Send each of them again in a new message, once."""
        delivery_log.send_again(request, queryset.values_list("pk", flat=True))

    def send_again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send one message again, and come back to its page."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        delivery_log.send_again(request, [pk])
        return HttpResponseRedirect(reverse("admin:alerts_notification_change", args=[pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Offer to send it again, where that has a sense."""
        found = self.get_object(request, object_id)
        may = isinstance(found, Notification) and delivery_log.is_replayable(found)
        more = {"may_replay": may and self.has_replay_permission(request)}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    @admin.display(description="planned")
    def planned(self, message: Notification) -> str:
        """Return when it was planned, as short as it can be on a narrow page."""
        return time_words.exactly(message.created_at, zone=UTC)

    @admin.display(description="to")
    def to(self, message: Notification) -> str:
        """Return the destination's name, or the person's."""
        return str(message.destination or message.user)

    @admin.display(description="state")
    def stands(self, message: Notification) -> SafeString:
        """Return how it stands, in a word."""
        return delivery_log.pill(delivery_log.state_of(message))

    @admin.display(description="tells")
    def tells(self, message: Notification) -> str:
        """Return the first thing that it tells, and how many more there are."""
        items = delivery_log.items_of(message)
        if not items:
            return "nothing any more"
        first = f"{items[0].event}: {delivery_log.says(items[0])}"
        return first if len(items) == 1 else f"{first} (and {len(items) - 1} more)"

    @admin.display(description="tells")
    def items(self, message: Notification) -> SafeString | str:
        """Return all that it tells, with the way there."""
        lines = [
            (item.event, _page(item.alert or item.notice), delivery_log.says(item))
            for item in delivery_log.items_of(message)[: delivery_log.MOST_ITEMS]
        ]
        return (
            format_html_join("", '<div>{}: <a href="{}">{}</a></div>', lines) or "nothing any more"
        )

    @admin.display(description="sends anew")
    def sent_anew_of(self, message: Notification) -> SafeString | str:
        """Return the dead message that this one sends again."""
        return _link(message.replays) if message.replays else "-"

    @admin.display(description="sent anew as")
    def sent_anew_as(self, message: Notification) -> SafeString | str:
        """Return the messages by which this one was sent again."""
        anew = message.replayed_by.defer("body").order_by("created_at")
        return format_html_join(", ", "{}", ((_link(one),) for one in anew)) or "-"


def _named(term: str) -> Q:
    try:
        return Q(pk=UUID(term))
    except ValueError:
        pass
    there = Destination.objects.filter(name__istartswith=term).values_list("pk", flat=True)
    people = User.objects.filter(Q(username=term) | Q(email=term) | Q(external_id=term))
    keys = [f"destination:{pk}" for pk in there[:MOST_FOUND]]
    keys += [f"user:{pk}" for pk in people.values_list("pk", flat=True)[:MOST_FOUND]]
    return Q(recipient__in=keys)


def _link(message: Notification) -> SafeString:
    state = delivery_log.state_of(message)
    return format_html('<a href="{}">{}</a> ({})', _page(message), message.pk, state)


def _page(row: Model | None) -> str:
    assert row is not None
    return reverse(f"admin:alerts_{row._meta.model_name}_change", args=[row.pk])
