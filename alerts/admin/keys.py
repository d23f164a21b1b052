"""Fields in which a row of a large table is named by its id."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField
from django.urls import reverse

from integrations_health import secrecy


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


def field(of: "ForeignKey[Any, Any]", site: AdminSite, **options: Any) -> Any:
    """Return a form field that takes the id of a row, and refuses any other text by name."""
    model = of.related_model
    assert not isinstance(model, str)
    called = model._meta.verbose_name
    options = {
        "queryset": secrecy.unread(model._default_manager.all()),
        "widget": KeyWidget(of.remote_field, site),
        **options,
    }
    made = of.formfield(**options)
    assert isinstance(made, ModelChoiceField)
    wrong = f"Type the id of an existing {called}: it stands in the address of its page."
    made.error_messages["invalid_choice"] = wrong
    return made
