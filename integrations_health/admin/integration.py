"""What staff see and tune of integrations."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from integrations_health import audit, rechecks, registry, typed_values
from integrations_health.models import Integration
from integrations_health.registry import Changes
from integrations_health.staff_pages import OwnerAdmin

if TYPE_CHECKING:
    IntegrationModelForm = forms.ModelForm[Integration]
else:
    IntegrationModelForm = forms.ModelForm


class IntegrationForm(IntegrationModelForm):
    """What staff tune of an integration."""

    def clean_probe_arguments(self) -> dict[str, Any] | None:
        """Return what a tool can be called with, and the database can keep."""
        said = self.cleaned_data["probe_arguments"]
        if said is None:
            return None
        try:
            return typed_values.arguments(said)
        except typed_values.Bad as bad:
            raise ValidationError(f"It {bad.problem}: {bad.remedy}.") from None


@admin.register(Integration)
class IntegrationAdmin(OwnerAdmin):
    """Integrations. They are registered by the app; staff may pause and tune them."""

    form = IntegrationForm  # type: ignore[assignment]  # of one model, where any is said
    list_display = ("__str__", "user", "service", "provider", "enabled", "interval_seconds")
    list_filter = ("provider", "service", "enabled", "probe_policy")
    list_select_related = ("user",)
    search_fields = (
        "server_instance_id__exact",
        "provider_user_id__exact",
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
    )
    exclude = Integration.SECRETS
    readonly_fields = (
        "user",
        "service",
        "provider",
        "server_instance_id",
        "provider_user_id",
        "auth_config_id",
        "connected_at",
        "created_at",
        "updated_at",
    )

    actions = ("check_now",)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Change it as the API does: what resumes, or is asked in another way, is checked at once.

        Whoever looks at it is told of a pause and its end.
        """
        said = {name: form.cleaned_data[name] for name in form.changed_data}
        with registry.writing(changes := Changes(), patience=None):
            registry.change({obj.pk: said}, changes=changes)

    def has_check_permission(self, request: HttpRequest) -> bool:
        """Say whether whoever asks may have integrations checked."""
        return request.user.has_perm("integrations_health.check_integration")

    @admin.action(description="Check the chosen integrations now", permissions=["check"])
    @transaction.atomic
    def check_now(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Make the chosen integrations due; the next tick asks for them."""
        chosen = list(queryset)
        asked = rechecks.ask([one.pk for one in chosen])
        audit.note(request, chosen, "Asked for a check at once.")
        left = [f"{why} and left alone." for why in asked.passed_over]
        self.message_user(request, " ".join([asked.told, *left]), messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new integration needs its secrets, which no form takes: the app registers it."""
        return False
