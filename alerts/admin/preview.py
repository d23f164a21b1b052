"""Forms that show what they would do before they are saved, without a script."""

import json
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.db.models import Model
from django.utils.crypto import constant_time_compare, salted_hmac

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Model]
else:
    ModelForm = forms.ModelForm

ASKED = "_preview"
SEEN = "previewed"


class PreviewForm(ModelForm):
    """A form with a button that only shows what saving it would do.

    Pressed, the form is not saved, though it has no errors: it comes back as it was filled in.
    """

    @property
    def asks_for_preview(self) -> bool:
        """Whether what was filled in is to be looked at, and not to be saved."""
        return ASKED in self.data

    @property
    def shows_preview(self) -> bool:
        """Whether the page that comes back shows what saving would do."""
        return self.is_bound and not self.errors and self.asks_for_preview

    def is_valid(self) -> bool:
        """Say whether the form can be saved, and is to be."""
        return super().is_valid() and not self.asks_for_preview


class PreviewFirstForm(PreviewForm):
    """A form that is saved only as its preview was seen: changed since, it is shown again."""

    # The fields on which it depends what the preview shows.
    sealed: ClassVar[tuple[str, ...]] = ()

    @property
    def asks_for_preview(self) -> bool:
        """Whether nobody has seen yet what these values would do."""
        return super().asks_for_preview or not self.was_seen

    @property
    def was_seen(self) -> bool:
        """Whether what would be done with these values was shown."""
        return constant_time_compare(str(self.data.get(SEEN, "")), self.seal)

    @property
    def seal(self) -> str:
        """What only the page with the preview of these very values knows."""
        values = [str(self.data.get(self.add_prefix(name), "")).strip() for name in self.sealed]
        return salted_hmac("alerts.admin.preview", json.dumps(values)).hexdigest()
