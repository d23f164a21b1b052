"""Pages of the admin that stay quick over large tables and change nothing."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

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


class QuickAdmin(ModelAdmin):
    """Pages over a table that may be large."""

    paginator = BoundedPaginator
    show_full_result_count = False


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


def without_secrets(rows: QuerySet[Model]) -> QuerySet[Model]:
    """Return `rows`, which have an integration, such that its secrets are never read."""
    return rows.select_related("integration").defer(
        *(f"integration__{secret}" for secret in Integration.SECRETS)
    )


class OwnerAdmin(QuickAdmin):
    """Pages over rows whose deletion takes rows of a ReadOnlyAdmin with them."""

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name what is chosen and say that the rest goes with it.

        Django would list every row that goes too, secrets read and all, and ask for a permission
        to delete each kind, which nobody can have.
        """
        chosen = [f"{one}, with its health, alerts and notifications" for one in objs]
        return chosen, {str(self.opts.verbose_name_plural): len(chosen)}, set(), []
