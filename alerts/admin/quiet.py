"""The pages of silences and maintenance windows: each shows what it hides before it is saved."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import SplitDateTimeField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts import hiding, quiet_words, silences
from alerts.admin import keys, pages
from alerts.admin.filters import QuietStateFilter
from alerts.admin.preview import PreviewFirstForm
from alerts.models import MaintenanceWindow, Silence
from integrations_health import audit, timezones
from integrations_health.models import Integration, User
from integrations_health.staff_pages import QuickAdmin

KEYS = ("user", "integration", "rule", "alert")
MATCHERS = ("service", "provider", "error_code", *KEYS)


class QuietForm(PreviewFirstForm):
    """What is to be hidden, from when on and until when, and why."""

    sealed: ClassVar[tuple[str, ...]] = MATCHERS

    class Meta:
        help_texts: ClassVar[dict[str, str]] = {
            "service": "Such as gmail. Blank is any.",
            "provider": "Such as composio. Blank is any.",
            "error_code": "Blank is any.",
            "user": "The id of a user. Blank is anybody.",
            "integration": "The id of an integration. Blank is any.",
            "rule": "The id of a rule. Blank is any.",
            "alert": "The id of one alert: hidden until it is resolved, or until the end below.",
            "starts_at": "In UTC. Blank is now.",
            "ends_at": "In UTC. Only one about a single alert may have none.",
            "comment": "Why, for whoever comes next.",
        }

    def clean(self) -> dict[str, Any] | None:
        """Let it start now where nothing else is typed."""
        cleaned = super().clean()
        if cleaned is None:
            cleaned = self.cleaned_data
        if cleaned.get("starts_at") is None and "starts_at" not in self.errors:
            cleaned["starts_at"] = timezone.now()
        return cleaned


class QuietList(ChangeList):
    """A page of silences or windows that knows what each of them hides."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and count what is hidden by those that are on. One statement more."""
        super().get_results(request)
        now = timezone.now()
        rows = [row for row in self.result_list if isinstance(row, Silence | MaintenanceWindow)]
        on = [row for row in rows if quiet_words.state(row, now=now) == quiet_words.ON]
        counted = hiding.counts(on)
        for row in rows:
            row.hides_now = counted.get(row.pk)  # type: ignore[union-attr]
        self.result_list = rows


class QuietAdmin(QuickAdmin):
    """What silences and windows have in common."""

    form = QuietForm
    change_form_template = "admin/alerts/quiet/form.html"
    list_display = ("what", "comment", "state", "starts", "ends", "whose", "hides")
    list_display_links = ("what",)
    list_filter = (QuietStateFilter,)
    list_per_page = 50
    ordering = ("-id",)
    sortable_by = ()
    actions = ("end_now",)
    readonly_fields = ("author",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the integrations in the database."""
        rows = super().get_queryset(request).select_related(*self._related())
        return rows.defer(*(f"integration__{secret}" for secret in Integration.SECRETS))

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return the list that knows what each row hides."""
        return QuietList

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Let large tables be named by an id, not by a choice of 300,000."""
        if db_field.name in KEYS:
            given = {name: options[name] for name in ("help_text",) if name in options}
            return keys.field(db_field, self.admin_site, **given)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Let the start be left blank, and name both halves of an instant."""
        made = super().formfield_for_dbfield(db_field, request, **options)
        if db_field.name == "starts_at" and made is not None:
            made.required = False
        if isinstance(made, SplitDateTimeField):
            for half, widget in zip(("date", "time"), made.widget.widgets, strict=True):
                widget.attrs["aria-label"] = f"{made.label}: {half}, in UTC"
        return made

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer an hour, unless it is for one alert, which ends by itself."""
        given: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        if "alert" not in given:
            given.setdefault("ends_at", timezone.now() + timedelta(hours=1))
        return given

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write down whose it is."""
        if not change:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show what it would hide, where that was asked for or could have changed."""
        form = context["adminform"].form
        if isinstance(form, QuietForm) and form.is_bound:
            may_save = form.shows_preview or form.was_seen
            context |= {"may_save": may_save, "seal": form.seal if may_save else ""}
            if form.shows_preview:
                context["hidden"] = _hidden(form.instance, request)
        return super().render_change_form(request, context, *args, **options)

    @admin.action(description="End the chosen ones now", permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """End what is on. What has not begun, or is over, stays as it is."""
        asked = list(queryset.values_list("pk", flat=True))
        with transaction.atomic():
            ended = silences.end(queryset.model, asked)
            rows = queryset.model._default_manager.filter(pk__in=ended)
            audit.note(request, rows, "Ended by hand.")
        left = len(asked) - len(ended)
        why = f" Passed over: {left} not on. Delete what has not begun." if left else ""
        level = messages.SUCCESS if ended else messages.WARNING
        self.message_user(request, f"{len(ended)} ended.{why}", level)

    @admin.display(description="hides alerts of")
    def what(self, row: Silence | MaintenanceWindow) -> str:
        """Say what it is about."""
        return quiet_words.about(row)

    @admin.display(description="state")
    def state(self, row: Silence | MaintenanceWindow) -> str:
        """Say whether it is on."""
        return quiet_words.state(row, now=timezone.now())

    @admin.display(description="starts")
    def starts(self, row: Silence | MaintenanceWindow) -> str:
        """Say when it starts."""
        return f"{row.starts_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="author")
    def whose(self, row: Silence | MaintenanceWindow) -> str:
        """Say who asked for it."""
        return "-" if row.author is None else row.author.username

    @admin.display(description="ends")
    def ends(self, row: Silence | MaintenanceWindow) -> str:
        """Say when it ends."""
        return "with its alert" if row.ends_at is None else f"{row.ends_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="hides now")
    def hides(self, row: Silence | MaintenanceWindow) -> SafeString | str:
        """Say how many open alerts it hides."""
        count = getattr(row, "hides_now", None)
        return "-" if count is None else format_html("<b>{}</b>", f"{count:,}")

    def _related(self) -> list[str]:
        fields = {field.name for field in self.model._meta.fields}
        return [name for name in (*KEYS, "author") if name in fields]


@admin.register(Silence)
class SilenceAdmin(QuietAdmin):
    """What somebody knows of and wants no more news of."""

    fields = (*MATCHERS, "starts_at", "ends_at", "comment", "author")


class WindowForm(QuietForm):
    """What work is announced, from when on and until when."""

    class Meta:
        help_texts: ClassVar[dict[str, str]] = {**QuietForm.Meta.help_texts, "ends_at": "In UTC."}


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(QuietAdmin):
    """Announced work: checks go on, nobody is alarmed."""

    form = WindowForm
    fields = (
        *(name for name in MATCHERS if name != "alert"),
        "starts_at",
        "ends_at",
        "comment",
        "author",
    )


def _hidden(matcher: Model, request: HttpRequest) -> dict[str, Any]:
    assert isinstance(request.user, User)
    assert isinstance(matcher, Silence | MaintenanceWindow)
    found = hiding.preview(matcher)
    clock = pages.Clock(timezone.now(), timezones.zone(request.user.timezone))
    return {"found": found, "rows": pages.rows(found.first, clock)}
