"""Pages of the admin that stay quick over large tables and change nothing."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

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


class OwnerAdmin(QuickAdmin):
    """Pages over rows whose deletion takes rows of a ReadOnlyAdmin with them."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """List what goes too. It needs no permission of its own: nobody could ever have it."""
        objects, counts, _, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(), protected
