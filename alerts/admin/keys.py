"""Fields in which a row of a large table is named by its id."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField
from django.urls import reverse

from integrations_health import secrecy

if TYPE_CHECKING:
    Choice = ModelChoiceField[Model]
else:
    Choice = ModelChoiceField


class KeyWidget(ForeignKeyRawIdWidget):
    """A field for an id, with the name of the row beside it; no secret of the row is read."""

    def label_and_url_for_value(self, value: Any) -> tuple[str, str]:
        """Return the row's name and where its page is; nothing where there is none."""
        model: type[Model] = self.rel.model
        try:
            row = secrecy.unread(model._default_manager.filter(pk=value)).first()
        except (ValueError, TypeError, ValidationError):
            row = None
        if row is None:
            return "", ""
        page = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        return str(row)[:100], reverse(page, args=[row.pk])


class KeyField(Choice):
    """A form field that takes the id of a row, and says of any other text what to type."""

    def to_python(self, value: Any) -> Any:
        """Return the row with this id, None for none."""
        try:
            return super().to_python(value)
        except ValidationError:
            assert self.queryset is not None
            called = self.queryset.model._meta.verbose_name
            said = f"Type the id of an existing {called}: it stands in the address of its page."
            raise ValidationError(said, code="invalid_choice") from None


def field(of: "ForeignKey[Any, Any]", site: AdminSite, **options: Any) -> Any:
    """Return the form field of a foreign key to a large table."""
    model = of.related_model
    assert not isinstance(model, str)
    rows = secrecy.unread(model._default_manager.all())
    widget = KeyWidget(of.remote_field, site)
    return of.formfield(form_class=KeyField, queryset=rows, widget=widget, **options)
