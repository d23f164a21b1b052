"""What runs by itself, and how often. The timetable is code; the rows follow it at each start."""

from django.contrib import admin
from django_celery_beat import admin as _its_own  # noqa: F401 - registers what is replaced here
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from integrations_health.staff_pages import ReadOnlyAdmin

# Its own pages run tasks and change the timetable without a trace; two of the tables are unused.
for _model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(_model)


@admin.register(PeriodicTask)
class TimetableAdmin(ReadOnlyAdmin):
    """Everything that runs by itself."""

    list_display = ("name", "task", "interval", "crontab", "enabled", "last_run_at")
    list_select_related = ("interval", "crontab")
    ordering = ("name",)


@admin.register(IntervalSchedule)
class IntervalAdmin(ReadOnlyAdmin):
    """How often, in seconds."""


@admin.register(CrontabSchedule)
class CrontabAdmin(ReadOnlyAdmin):
    """How often, by the clock."""

    ordering = ("pk",)
