"""The pages of rules: what each field means, and how often the rule would have fired."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet, RestrictedError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from alerts import hindsight, rule_words, sight
from alerts.admin import keys
from alerts.admin.preview import PreviewForm
from alerts.models import Alert, AlertRule, Destination
from integrations_health import audit, time_words
from integrations_health.secrecy import unread
from integrations_health.staff_pages import QuickAdmin


def _between(what: str) -> dict[str, str]:
    """Return what is said of anything but a number within its bounds."""
    return dict.fromkeys(("required", "invalid", "min_value", "max_value"), f"Type {what}.")


class RuleForm(PreviewForm):
    """When an alert opens, how loud it is, and whom it tells."""

    class Meta:
        help_texts: ClassVar[dict[str, str]] = {
            "name": "What staff call it. Alerts and decisions name it.",
            "condition": "consecutive_failures: so many bad checks in a row. response_time: one "
            "answer slower than so many milliseconds. error_rate: so many per cent of the checks "
            "within a window failed.",
            "threshold": "A whole number of failures in a row, such as 3; milliseconds, such as "
            "5000; or a percentage, such as 50. By the condition.",
            "window_minutes": "Only for error_rate: how many minutes it looks back, a day at most.",
            "minimum_checks": "Only for error_rate: of fewer checks than these it says nothing.",
            "severity": "How loud it is while nothing works. While a part still does, failures "
            "and rates only warn.",
            "action": "How people are told.",
            "destination": "Whom it tells. Left blank, the integration's owner by e-mail; by the "
            "other channels then nobody.",
            "cooldown_minutes": "How long it stays quiet about an integration after it told "
            "somebody. What is still true then is told, never swallowed.",
            "service": "Only of this service, such as gmail. Blank is any.",
            "provider": "Only through this provider, such as composio. Blank is any.",
            "user": "Only of this user: their id. Blank is anybody.",
            "enabled": "Switched off, it opens nothing; what is open still ends.",
        }
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            "name": {"required": "Type a name by which staff know it."},
            "condition": {"required": "Choose what it looks at."},
            "action": {"required": "Choose how people are told."},
            "threshold": dict.fromkeys(
                ("required", "invalid", "min_value"), "Type a number above zero, such as 3."
            ),
            "window_minutes": _between("minutes from 1 to 1,440, which is a day"),
            "minimum_checks": _between("a number of checks from 1 on, such as 5"),
            "cooldown_minutes": _between("minutes from 0 to 10,080, which is a week"),
        }


@admin.register(AlertRule)
class AlertRuleAdmin(QuickAdmin):
    """When an alert opens and whom it tells."""

    form = RuleForm
    change_form_template = "admin/alerts/rule/form.html"
    delete_confirmation_template = "admin/alerts/rule/delete.html"
    delete_selected_confirmation_template = "admin/alerts/rule/delete_chosen.html"
    list_display = ("name", "fires", "scope", "severity", "tells", "cooldown", "enabled")
    list_filter = ("condition", "action", "enabled")
    actions = ("switch_on", "switch_off")
    fieldsets = (
        (None, {"fields": ("name", "enabled")}),
        (
            "When",
            {"fields": ("condition", "threshold", "window_minutes", "minimum_checks", "severity")},
        ),
        ("Of what", {"fields": ("service", "provider", "user")}),
        ("Whom it tells", {"fields": ("action", "destination", "cooldown_minutes")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the destinations in the database."""
        rows = super().get_queryset(request).select_related("destination", "user")
        secrets = (f"destination__{secret}" for secret in Destination.SECRETS)
        return rows.defer("user__password", *secrets)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Let a user be named by an id, and read no secret of a destination to name it."""
        if db_field.name == "user":
            return keys.field(db_field, self.admin_site, help_text=options.get("help_text", ""))
        options["queryset"] = unread(Destination.objects.order_by("name"))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show how often the rule would have fired, where that was asked for."""
        form = context["adminform"].form
        if isinstance(form, RuleForm) and form.shows_preview:
            assert isinstance(form.instance, AlertRule)
            seen = hindsight.look(sight.rule(form.instance), now=timezone.now())
            context |= {"was_asked": True, "seen": seen, "days": hindsight.LOOKS_BACK.days}
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the rule, and say so where nobody would hear of what it finds."""
        super().save_model(request, obj, form, change)
        if obj.enabled and (why := rule_words.unheard(obj)):
            messages.warning(request, why)

    @admin.display(description="fires at", ordering="condition")
    def fires(self, rule: AlertRule) -> str:
        """Say when it fires."""
        return rule_words.fires(rule)

    @admin.display(description="of")
    def scope(self, rule: AlertRule) -> str:
        """Say what it looks at."""
        return rule_words.scope(rule)

    @admin.display(description="tells")
    def tells(self, rule: AlertRule) -> str:
        """Say whom it tells."""
        return rule_words.tells(rule)

    @admin.display(description="cooldown", ordering="cooldown_minutes")
    def cooldown(self, rule: AlertRule) -> str:
        """Say how long it stays quiet after it told somebody."""
        return time_words.span(timedelta(minutes=rule.cooldown_minutes))

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Refuse to delete a rule that alerts name. Two queries, however many alerts there are."""
        chosen = list(objs)
        alerts = Alert.objects.filter(rule__in=[one.pk for one in chosen])
        used = set(alerts.order_by().values_list("rule", flat=True).distinct())
        kept = [str(one) for one in chosen if one.pk in used]
        names = [str(one) for one in chosen]
        return names, {str(self.opts.verbose_name_plural): len(chosen)}, set(), kept

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete a rule, unless an alert has opened by it since that was asked."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except RestrictedError:
            said = "Not deleted: an alert has just opened by it. Switch it off instead."
            self.message_user(request, said, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:alerts_alertrule_change", args=[object_id]))

    @admin.action(description="Switch the chosen rules on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the chosen rules open alerts."""
        self._switch(request, queryset, on=True)

    @admin.action(description="Switch the chosen rules off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the chosen rules open nothing any more."""
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, on: bool) -> None:
        word = "on" if on else "off"
        with transaction.atomic():
            rules: Sequence[Model] = list(
                AlertRule.objects.filter(pk__in=queryset.values("pk"))
                .exclude(enabled=on)
                .order_by("pk")
                .select_for_update()
            )
            AlertRule.objects.filter(pk__in=[rule.pk for rule in rules]).update(enabled=on)
            audit.note(request, rules, f"Switched {word}.")
        self.message_user(request, f"{len(rules)} switched {word}.", messages.SUCCESS)
