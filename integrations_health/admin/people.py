"""Who signs in, and what they may do: nobody lifts their own rights here."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Model
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse

from integrations_health import rights
from integrations_health.models import User
from integrations_health.staff_pages import OwnerAdmin, QuickAdmin

if TYPE_CHECKING:
    AccountAdmin = UserAdmin[User]
    PermissionsAdmin = GroupAdmin
else:
    AccountAdmin, PermissionsAdmin = UserAdmin, GroupAdmin

admin.site.unregister(Group)


class GrantingAdmin(QuickAdmin):
    """Pages on which rights are given: only those that one has oneself are offered, and taken."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what whoever asks may give."""
        actor = actor_of(request)
        if db_field.related_model is Group:
            kwargs["queryset"] = rights.assignable(actor).order_by("name")
            kwargs["widget"] = _boxes("choices few")
        elif db_field.related_model is Permission:
            kwargs["queryset"] = rights.grantable(actor).select_related("content_type")
            kwargs["widget"] = _boxes("choices")
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(User)
class PersonAdmin(GrantingAdmin, OwnerAdmin, AccountAdmin):
    """People: end users and staff."""

    owner_field = "user"

    list_display = ("username", "email", "external_id", "timezone", "is_staff", "is_active")
    search_fields = ("username__startswith", "email__startswith", "external_id__exact")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Here", {"fields": ("external_id", "timezone")}))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes who can do more than they: a new password would give them all of it."""
        return super().has_change_permission(request, obj) and not self._is_beyond(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes who can do more than they."""
        return super().has_delete_permission(request, obj) and not self._is_beyond(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let only who can do everything say who can."""
        shown = tuple(super().get_readonly_fields(request, obj))
        shown = (*shown, "last_login", "date_joined")
        return shown if actor_of(request).is_superuser else (*shown, "is_superuser")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show nothing of a password, not even its digest, to who may not change it."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (name, {**options, "fields": [one for one in options["fields"] if one != "password"]})
            for name, options in fieldsets
        ]

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Refuse who can do more, and who did what stays on record."""
        people = [one for one in objs if isinstance(one, User)]
        chosen, counts, lacking, protected = super().get_deleted_objects(people, request)
        if rights.beyond(actor_of(request), people):
            lacking.add("user who can do more than you")
        noted = LogEntry.objects.filter(user__in=people).values("user")
        protected += [
            f"What {one} did here stays on record. Switch the account off instead: "
            "“Active” on its page."
            for one in User.objects.filter(pk__in=noted)
        ]
        return chosen, counts, lacking, protected

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Give somebody a new password, and write down who did: both or neither."""
        return super().user_change_password(request, id, form_url)

    def _is_beyond(self, request: HttpRequest, obj: Model | None) -> bool:
        return isinstance(obj, User) and bool(rights.beyond(actor_of(request), [obj]))


@admin.register(Group)
class RoleAdmin(GrantingAdmin, PermissionsAdmin):  # type: ignore[misc]  # names of arguments
    """Roles: groups of rights."""

    list_display = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes a role that can do more than they."""
        return super().has_change_permission(request, obj) and self._is_within(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes a role that can do more than they."""
        return super().has_delete_permission(request, obj) and self._is_within(request, obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the roles, and refuse those that can do more."""
        chosen = list(objs)
        own = rights.assignable(actor_of(request)).filter(pk__in=[one.pk for one in chosen])
        lacking = {"role that can do more than you"} if own.count() < len(chosen) else set()
        named = [f"{one}; who has it keeps the account and loses these rights" for one in chosen]
        return named, {"roles": len(chosen)}, lacking, []

    def _is_within(self, request: HttpRequest, obj: Model | None) -> bool:
        return obj is None or rights.assignable(actor_of(request)).filter(pk=obj.pk).exists()


def actor_of(request: HttpRequest) -> User:
    """Return whoever asks; every page here wants somebody who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def _boxes(style: str) -> CheckboxSelectMultiple:
    # Django's two lists side by side cannot be used by who hears a page, nor on a phone.
    return CheckboxSelectMultiple(attrs={"class": style})
