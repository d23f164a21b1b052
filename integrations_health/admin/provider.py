"""What staff see of providers and of the pulse of our schedule, and say of providers' outages."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Greatest, Now
from django.http import HttpRequest

from integrations_health import audit, live
from integrations_health.models import Heartbeat, ProviderBudget, ProviderIncident
from integrations_health.outcomes import Cause
from integrations_health.staff_pages import QuickAdmin, ReadOnlyAdmin

if TYPE_CHECKING:
    IncidentModelForm = forms.ModelForm[ProviderIncident]
else:
    IncidentModelForm = forms.ModelForm


class IncidentForm(IncidentModelForm):
    """Asks what fails for many; it is open from now on."""

    provider = forms.ChoiceField()
    service = forms.CharField(
        max_length=50, required=False, help_text="Such as gmail. Blank: all of the provider."
    )
    cause = forms.ChoiceField(
        choices=[(Cause.PROVIDER.value, "the provider"), (Cause.SERVICE.value, "the service")],
        help_text="Who is to blame.",
    )

    class Meta:
        model = ProviderIncident
        fields = ("provider", "service", "cause")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the providers that are watched."""
        super().__init__(*args, **kwargs)
        if "provider" in self.fields:
            names = [(name, name) for name in settings.PROVIDERS]
            self.fields["provider"].choices = names  # type: ignore[attr-defined]  # a ChoiceField

    def clean_service(self) -> str:
        """Return the service as integrations name it."""
        return str(self.cleaned_data["service"]).strip().lower()

    def clean(self) -> dict[str, Any] | None:
        """Refuse a second incident about the same."""
        cleaned = super().clean()
        about = {name: self.cleaned_data.get(name) for name in ("provider", "service")}
        if (
            None not in about.values()
            and ProviderIncident.objects.filter(**about, closed_at=None).exists()
        ):
            raise ValidationError({"service": "An incident about this is open already."})
        return cleaned


@admin.register(ProviderIncident)
class ProviderIncidentAdmin(QuickAdmin):
    """Outages of providers. While one is open, people read of it and alerts about it are held."""

    form = IncidentForm  # type: ignore[assignment]  # of one model, where any is said
    list_display = (
        "provider",
        "service",
        "cause",
        "is_detected",
        "opened_at",
        "closed_at",
        "continued_by",
        "affected_users",
    )
    list_select_related = ("continued_by",)
    list_filter = ("provider", "is_detected", ("closed_at", admin.EmptyFieldListFilter))
    ordering = ("-opened_at",)
    actions = ("close",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes one: the version of what is shown counts them, and never falls."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Ask for what a new incident needs; show all of one that is there."""
        return IncidentForm.Meta.fields if obj is None else self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Let what was said of an incident stand: it ends by being closed."""
        return () if obj is None else self.list_display

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Open the incident, and tell who looks at what it is about."""
        super().save_model(request, obj, form, change)
        self._tell([obj])

    @admin.action(description="Close the chosen incidents", permissions=["change"])
    @transaction.atomic
    def close(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """End the chosen incidents now."""
        # Locked: of two who close the same one only one is told, and noted, to have done so.
        ended = list(queryset.filter(closed_at=None).order_by("pk").select_for_update(of=("self",)))
        closed = queryset.model._default_manager.filter(pk__in=[one.pk for one in ended])
        closed.update(closed_at=Greatest("opened_at", Now()))
        audit.note(request, ended, "Closed.")
        self._tell(ended)
        self.message_user(request, f"{len(ended)} closed.", messages.SUCCESS)

    @staticmethod
    def _tell(incidents: Iterable[Any]) -> None:
        for provider in {incident.provider for incident in incidents}:
            transaction.on_commit(partial(live.tell_of_incident, provider))


@admin.register(ProviderBudget)
class ProviderBudgetAdmin(ReadOnlyAdmin):
    """What the providers still let us ask."""

    list_display = ("provider", "calls_per_minute", "remaining", "remaining_at", "blocked_until")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """When the schedule was last looked at."""

    list_display = ("name", "beaten_at")
