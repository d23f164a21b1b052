"""What staff see of notices: what is wrong with the product itself, and what to do."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts import notices
from alerts.admin.delivery_log import MAY_REPLAY, pill
from alerts.models import StaffNotice
from integrations_health import audit, clock
from integrations_health.staff_pages import ReadOnlyAdmin

Kind = StaffNotice.Kind

_TO_DO = {
    Kind.KEY_REJECTED: "Give us a key that the provider takes, in the environment, and restart. "
    "The notice closes by itself once the key is taken.",
    Kind.PROBE_MISCONFIGURED: "Have a developer bring our probe up to date. "
    "The notice closes by itself once it works.",
    Kind.DESTINATION_DISABLED: "Mend it or type its new address, send a test, then enable it.",
    Kind.NOTIFICATION_DEAD: "Find out why, then send it again. "
    "The notice closes by itself with the next message that is taken.",
    Kind.CHECKS_FAIL: "Look at our own network first, then at the log: the last check of any "
    "integration there says which it was. The notice closes by itself once they work.",
    Kind.CHECK_PARKED: "Have a developer find out why: the log names each, as check.parked. "
    "The notice closes by itself when none was parked for more than an hour.",
    Kind.WRONG_CLOCK: "Have that machine, or the database's, keep its clock right (NTP). "
    "The notice closes by itself once they agree.",
    Kind.PROVIDER_INCIDENT: "Nothing, unless you know better: close the incident then. "
    "It closes, and the notice with it, once the provider works for nine of ten again.",
}


class OpenFilter(admin.SimpleListFilter):
    """Choose notices that are open, or over."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the two states."""
        return [("open", "open"), ("closed", "closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the notices in the chosen state."""
        if self.value() is None:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "open")


@admin.register(StaffNotice)
class StaffNoticeAdmin(ReadOnlyAdmin):
    """Open notices first."""

    list_display = ("stands", "message", "to_do", "opened_at", "last_seen_at")
    list_display_links = ("message",)
    list_filter = (OpenFilter, "kind")
    ordering = (F("closed_at").desc(nulls_first=True), "-opened_at")
    sortable_by = ()
    fields = ("stands", "kind", "message", "to_do", "opened_at", "last_seen_at", "closed_at")
    actions = ("close",)

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("alerts/delivery.css",)}

    @admin.display(description="state")
    def stands(self, notice: StaffNotice) -> SafeString:
        """Return whether it is open."""
        return pill("open" if notice.closed_at is None else "closed")

    @admin.display(description="what to do")
    def to_do(self, notice: StaffNotice) -> SafeString | str:
        """Return what to do about it, and the way there."""
        if notice.closed_at is not None:
            return "Nothing: it is over."
        said, there = _TO_DO[Kind(notice.kind)], _where(notice)
        return format_html('{}<div><a href="{}">{}</a></div>', said, *there) if there else said

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may close a notice: who may send dead messages again."""
        return request.user.has_perm(MAY_REPLAY)

    @admin.action(description="Close the chosen notices", permissions=["close"])
    @transaction.atomic
    def close(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Close notices that need no more looking at; what goes on opens a new one."""
        closed = notices.close(list(queryset.values_list("pk", flat=True)), now=clock.now())
        audit.note(request, StaffNotice.objects.filter(pk__in=closed), "Closed by hand.")
        messages.success(request, f"{len(closed)} closed. What goes on opens a new notice.")


def _where(notice: StaffNotice) -> tuple[str, str] | None:
    """Return the page on which to do it, and what it is called."""
    who, _, pk = notice.subject.partition(":")
    if notice.kind == Kind.DESTINATION_DISABLED:
        who, pk = "destination", notice.subject
    if who == "destination":
        return reverse("admin:alerts_destination_change", args=[pk]), "The destination"
    if notice.kind == Kind.PROVIDER_INCIDENT:
        page = reverse("admin:integrations_health_providerincident_change", args=[notice.subject])
        return page, "The incident"
    if notice.kind == Kind.NOTIFICATION_DEAD:
        page = reverse("admin:alerts_notification_changelist")
        return f"{page}?recipient__exact={notice.subject}", "The messages"
    return None
