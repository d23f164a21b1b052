"""What staff type of a destination. Its address is typed and never shown."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from alerts.models import Destination
from alerts.models.destination import Channel
from alerts.senders import guard, slack

if TYPE_CHECKING:
    DestinationModelForm = forms.ModelForm[Destination]
else:
    DestinationModelForm = forms.ModelForm

_NEEDED = {
    Channel.WEBHOOK: "Type the webhook's address, such as https://host/path.",
    Channel.SLACK: "Type the address that Slack shows for the incoming webhook.",
}
_HOSTS: dict[str, tuple[str, ...]] = {Channel.SLACK: slack.HOSTS}


class DestinationForm(DestinationModelForm):
    """A mailbox, a webhook or a Slack channel.

    The kind is chosen once: rules and messages that name the destination rely on it.
    """

    # Not the model's field by name, whose value a form would read.
    new_address = forms.CharField(
        label="Address",
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={"class": "vTextField", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="For webhook and slack. It is kept encrypted and never shown again.",
    )

    class Meta:
        model = Destination
        fields = ("name", "kind", "email", "is_for_staff")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what is kept when nothing is typed."""
        super().__init__(*args, **kwargs)
        if not self._is_new and "new_address" in self.fields:
            self.fields[
                "new_address"
            ].help_text = (
                "Set, and never shown. Type a new one to replace it; leave it empty to keep it."
            )

    @property
    def _is_new(self) -> bool:
        return self.instance._state.adding

    def clean(self) -> dict[str, Any]:
        """Refuse an address that does not fit the kind, with the field's name."""
        cleaned = super().clean() or {}
        kind = cleaned.get("kind") or self.instance.kind
        if kind == Channel.EMAIL:
            self._require_mailbox(cleaned)
        elif kind:
            self._require_address(cleaned, kind)
        return cleaned

    def _require_mailbox(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("email") and "email" not in self.errors:
            self.add_error("email", "Type the e-mail address that messages go to.")
        if cleaned.get("new_address"):
            self.add_error("new_address", "Leave this empty: a mailbox has an e-mail address.")

    def _require_address(self, cleaned: dict[str, Any], kind: str) -> None:
        if cleaned.get("email"):
            self.add_error("email", f"Leave this empty: messages by {kind} go to an address.")
        address = cleaned.get("new_address", "")
        if not address and self._is_new:
            self.add_error("new_address", _NEEDED[Channel(kind)])
        if address:
            try:
                guard.require_sendable(address, hosts=_HOSTS.get(kind, ()))
            except guard.Refused as refused:
                # A problem that names no part of what was typed.
                self.add_error("new_address", ValidationError(f"It {refused.reason}."))
