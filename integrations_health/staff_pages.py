"""Pages of the admin: quick over large tables, silent about secrets, and on the record."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import DateTimeField, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.forms import SplitDateTimeField
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from integrations_health import audit, audit_words, removal, secrecy
from integrations_health.models import Integration

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
    RowPaginator = Paginator[Model]
else:
    ModelAdmin, RowPaginator = admin.ModelAdmin, Paginator

MOST_ROWS_TO_LEAF_THROUGH = 10_000


class BoundedPaginator(RowPaginator):
    """A paginator that never counts a whole table: it ends at row 10,000."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, 10,000 when there are more."""
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return rows.order_by()[:MOST_ROWS_TO_LEAF_THROUGH].count()


class DayAndTime(AdminSplitDateTime):
    """Django's two fields for an instant, which it leaves without names for who hears them."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        """Name them."""
        super().__init__(attrs)
        for field, name in zip(self.widgets, ("Date, in UTC", "Time, in UTC"), strict=True):
            field.attrs["aria-label"] = name


class QuickAdmin(ModelAdmin):
    """Pages over a table that may be large. What is done on them leaves an audit row.

    Secrets stay in the database; nothing is searched, filtered or sorted by one.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    # Counts beside each filter would each read the whole table.
    show_facets = admin.ShowFacets.NEVER
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        DateTimeField: {"form_class": SplitDateTimeField, "widget": DayAndTime}
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave what is secret in the database."""
        return secrecy.unread(super().get_queryset(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name the page by what it lists."""
        named = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**named, **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Refuse to filter by a secret: whoever may guess its letters one by one, reads it."""
        if _meets_secret(self.model, lookup):
            return False
        return super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Say what was written: each field before and after, but for secrets."""
        return audit_words.what_changed(form, is_new=add)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        """Write down what is deleted, as it was."""
        audit.note(request, queryset, audit_words.what_was, action=audit.DELETION)


class ReadOnlyAdmin(QuickAdmin):
    """Pages over rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds such a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes such a row by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes such a row by hand; it goes with what it belongs to."""
        return False


def without_secrets(rows: QuerySet[Model], *also: str) -> QuerySet[Model]:
    """Return `rows`, which have an integration, such that its secrets are never read.

    `also` names what else belongs to each row and is shown with it: beside this, Django does not
    look at `list_select_related`.
    """
    return rows.select_related("integration", *also).defer(
        *(f"integration__{secret}" for secret in Integration.SECRETS)
    )


def _meets_secret(model: type[Model], lookup: str) -> bool:
    """Say whether a path of names leads over, or to, a secret field."""
    for name in lookup.split(LOOKUP_SEP):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        if secrecy.is_secret(field):
            return True
        if not field.is_relation or field.related_model is None:
            return False
        assert not isinstance(field.related_model, str)
        model = field.related_model
    return False


class OwnerAdmin(QuickAdmin):
    """Pages over rows whose deletion takes integrations, and what hangs on them, with them."""

    # The field of an integration by which it belongs to such a row.
    owner_field = "pk"

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name what is chosen and say that the rest goes with it.

        Django would list every row that goes too, secrets read and all, and ask for a permission
        to delete each kind, which nobody can have.
        """
        chosen = [f"{one}, with its health, alerts and notifications" for one in objs]
        return chosen, {str(self.opts.verbose_name_plural): len(chosen)}, set(), []

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete one, once what is recorded of it just now is there."""
        removal.lock(self._watched([obj.pk]))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Delete the chosen ones, once what is recorded of them just now is there."""
        removal.lock(self._watched(queryset.values_list("pk", flat=True)))
        super().delete_queryset(request, queryset)

    def _watched(self, owners: Iterable[Any]) -> QuerySet[Integration]:
        return Integration.objects.filter(**{f"{self.owner_field}__in": list(owners)})
