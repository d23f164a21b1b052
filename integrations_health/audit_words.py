"""Say in words what a form or a deletion changed, and nothing secret."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.forms import BaseForm, Field

from integrations_health.secrecy import is_secret

LONGEST_VALUE = 200
NOTHING = "nothing"


def what_changed(form: BaseForm, *, is_new: bool = False) -> str:
    """Say what a form that was saved wrote: each field that it changed, before and after.

    Of a secret, and of what is no field of the row, only that it was set.
    """
    said = [_change(form, name, is_new=is_new) for name in form.changed_data]
    if is_new:
        return " ".join(["Added.", *said])
    return " ".join(said) or "Saved without a change."


def what_was(row: models.Model) -> str:
    """Say what a row held that is deleted, but for secrets and what was not read of it."""
    left_out = row.get_deferred_fields()
    held = [
        (field, field.value_from_object(row))
        for field in row._meta.concrete_fields
        if not (field.primary_key or field.attname in left_out or is_secret(field))
    ]
    said = [
        f"{_capitalized(field.verbose_name)} was {_shown(value)}."
        for field, value in held
        if value not in (None, "")
    ]
    return " ".join(["Deleted.", *said])


def _change(form: BaseForm, name: str, *, is_new: bool) -> str:
    field = form.fields.get(name)
    label = _capitalized((field and field.label) or name.replace("_", " "))
    if field is None or not _may_be_told(form, name):
        return f"{label} was set."
    after = _shown(form.cleaned_data.get(name))
    if is_new:
        return f"{label}: {after}."
    before = _meant(field, form.get_initial_for_field(field, name))
    return f"{label}: {_shown(before)} → {after}."


def _may_be_told(form: BaseForm, name: str) -> bool:
    model = getattr(getattr(form, "_meta", None), "model", None)
    if model is None:
        return False
    try:
        return not is_secret(model._meta.get_field(name))
    except FieldDoesNotExist:
        return False


def _meant(field: Field, initial: Any) -> Any:
    """Return what an initial value stands for: of a key, the row."""
    if isinstance(initial, list):
        return initial
    try:
        return field.to_python(initial)
    except ValidationError:
        return initial


def _shown(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, models.QuerySet | list):
        return _cut(", ".join(sorted(map(str, value)))) or NOTHING
    if isinstance(value, str):
        return f"“{_cut(value)}”"
    return _cut(str(dict(value)) if isinstance(value, Mapping) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _capitalized(name: Any) -> str:
    text = str(name)
    return text[:1].upper() + text[1:]
