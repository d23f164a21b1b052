"""What staff did: read by those who may, changed by nobody."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry

from integrations_health.staff_pages import ReadOnlyAdmin


@admin.register(LogEntry)
class AuditLogAdmin(ReadOnlyAdmin):
    """The audit rows, newest first."""

    list_display = ("action_time", "who", "what", "thing", "said")
    list_display_links = ("action_time",)
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    # The id grows with the time, and it has an index.
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("user__username__exact", "object_id__exact")
    search_help_text = "The username of who did it, or the id of what it was done to"
    fields = ("action_time", "who", "what", "content_type", "object_id", "object_repr", "said")

    @admin.display(description="by")
    def who(self, entry: LogEntry) -> str:
        """Return who did it, by the name they sign in with."""
        return entry.user.get_username()

    @admin.display(description="done")
    def what(self, entry: LogEntry) -> str:
        """Return what was done, in one word."""
        return "added" if entry.is_addition() else "deleted" if entry.is_deletion() else "changed"

    @admin.display(description="to")
    def thing(self, entry: LogEntry) -> str:
        """Return what it was done to."""
        kind = entry.content_type.name if entry.content_type else "something"
        return f"{kind} “{entry.object_repr}”"

    @admin.display(description="change")
    def said(self, entry: LogEntry) -> str:
        """Return what changed, in words."""
        return entry.get_change_message()
