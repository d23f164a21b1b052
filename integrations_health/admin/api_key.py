"""What staff see of the keys of the application's back end."""

from functools import partial
from typing import cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integrations_health import api_keys, audit
from integrations_health.models import ApiKey
from integrations_health.staff_pages import QuickAdmin


@admin.register(ApiKey)
class ApiKeyAdmin(QuickAdmin):
    """Keys of the application's back end. `manage.py create_api_key` makes one and shows it."""

    list_display = (
        "name", "prefix", "may_write", "created_at", "expires_at", "revoked_at", "last_used_at"
    )  # fmt: skip
    list_filter = ("may_write", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name__startswith", "prefix__exact")
    # Nothing is shown of the digest, and nothing of a key is changed: it ends by being revoked.
    fields = readonly_fields = list_display
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A page would keep the key in the browser's history; a command prints it once."""
        return False

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    @transaction.atomic
    def revoke(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """End the chosen keys at once, and for good."""
        # Locked: of two who revoke the same key only one is told, and noted, to have done so.
        open_keys = queryset.filter(revoked_at=None).order_by("pk").select_for_update()
        ended = cast("list[ApiKey]", list(open_keys))
        queryset.filter(pk__in=[key.pk for key in ended]).update(revoked_at=timezone.now())
        audit.note(request, ended, "Revoked.")
        transaction.on_commit(partial(api_keys.forget, ended))
        self.message_user(request, f"{len(ended)} revoked.", messages.SUCCESS)
