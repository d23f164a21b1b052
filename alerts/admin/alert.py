"""The pages of alerts: what is open by its cause, one alert, and what can be done about it."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from alerts import hiding
from alerts.admin import choosing, pages
from alerts.admin.filters import FILTERS
from alerts.admin.verbs import VERBS, Chosen, Done, Verb
from alerts.models import Alert
from alerts.retelling import Reader
from integrations_health import audit, timezones
from integrations_health.models import User
from integrations_health.staff_pages import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What somebody should look at: open alerts by their cause, then one by one."""

    change_list_template = "admin/alerts/alert/list.html"
    change_form_template = "admin/alerts/alert/one.html"
    actions = None
    list_display = ("severity", "message", "user", "created_at", "acknowledged_by", "held_back")
    list_display_links = ("message",)
    list_filter = FILTERS
    list_per_page = 50
    ordering = ("-created_at", "id")
    sortable_by = ()
    search_fields = (
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
        "integration__server_instance_id__exact",
    )
    search_help_text = (
        "How the user's name or e-mail address begins, their id in the app, or the id of the "
        "connection"
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Read with each alert whom it concerns, and leave the secrets in the database."""
        return hiding.shown(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses of these pages, and the one that acts."""
        act = self.admin_site.admin_view(self.act)
        return [path("act/<slug:name>/", act, name="alerts_alert_act"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the causes above the list, and what may be done about both."""
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            shown = pages.listed(answer.context_data["cl"], now=timezone.now(), zone=_zone(request))
            answer.context_data.update(shown, verbs=_verbs_for(request))
        return answer

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one alert: its facts, what may be done about it, and its timeline."""
        alert = self.get_object(request, unquote(object_id))
        shown: dict[str, Any] = {}
        if isinstance(alert, Alert) and self.has_view_permission(request, alert):
            reader = Reader(request.user.pk, sees_everybody=True)
            shown = pages.one(alert, reader, now=timezone.now(), zone=_zone(request))
        verbs = {"verbs": _verbs_for(request)}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **shown, **verbs}
        )

    def act(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Do what a button says to what was chosen, and say exactly what became of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        verb = VERBS.get(name)
        if verb is None:
            raise Http404
        if not (self.has_view_permission(request) and request.user.has_perm(verb.permission)):
            raise PermissionDenied
        try:
            listed = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise BadRequest from None
        chosen = choosing.read(request, listed, now=timezone.now())
        if not chosen.ids:
            messages.warning(request, "Nothing was changed: tick an alert or a group first.")
            return self._back(request, chosen)
        warning = verb.warns(chosen)
        if warning and "confirmed" not in request.POST:
            return self._ask(request, name, verb, chosen, warning)
        done = _do(request, verb, chosen)
        level = messages.SUCCESS if done.changed else messages.WARNING
        passed_over = f" Passed over: {', '.join(done.passed_over)}." if done.passed_over else ""
        messages.add_message(request, level, done.says + passed_over)
        return self._back(request, chosen)

    def _ask(
        self, request: HttpRequest, name: str, verb: Verb, chosen: Chosen, warning: str
    ) -> TemplateResponse:
        shown = {
            **self.admin_site.each_context(request),
            **pages.confirmation(chosen.ids, now=timezone.now(), zone=_zone(request)),
            "title": f"{verb.label}?",
            "opts": self.opts,
            "verb": verb,
            "warning": warning,
            "action": f"{reverse('admin:alerts_alert_act', args=[name])}?{request.GET.urlencode()}",
            "back": _list_url(request),
            "kept": [
                (key, value)
                for key in ("only", choosing.TICKED, "cause", "note", "shown_at", "from")
                for value in request.POST.getlist(key)
            ],
        }
        return TemplateResponse(request, "admin/alerts/alert/confirm.html", shown)

    def _back(self, request: HttpRequest, chosen: Chosen) -> HttpResponseRedirect:
        if request.POST.get("from") == "one" and len(chosen.ids) == 1:
            return HttpResponseRedirect(reverse("admin:alerts_alert_change", args=chosen.ids))
        return HttpResponseRedirect(_list_url(request))


def _do(request: HttpRequest, verb: Verb, chosen: Chosen) -> Done:
    assert isinstance(request.user, User)
    note = request.POST.get("note", "").replace("\0", "").strip()
    with transaction.atomic():
        done = verb.act(chosen, request.user, note)
        said = f"{verb.label}: {note}" if note else f"{verb.label}."
        audit.note_many(request, Alert, done.changed, said, named_by="message")
    return done


def _verbs_for(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the address and the words of what this person may do."""
    return [
        (reverse("admin:alerts_alert_act", args=[name]), verb.label)
        for name, verb in VERBS.items()
        if request.user.has_perm(verb.permission)
    ]


def _list_url(request: HttpRequest) -> str:
    query = request.GET.urlencode()
    return reverse("admin:alerts_alert_changelist") + (f"?{query}" if query else "")


def _zone(request: HttpRequest) -> ZoneInfo:
    assert isinstance(request.user, User)
    return timezones.zone(request.user.timezone)
