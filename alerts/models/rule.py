"""When an alert opens, how loud it is, and whom it tells."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models import scope
from alerts.models.destination import Channel, Destination
from alerts.rules import Condition, Severity

# Once an hour, as the last of them are, it fails for six weeks by then.
MOST_FAILURES = 1_000
_SAME = (
    *("condition", "threshold", "action", "destination_id"),
    *("service", "provider", "user_id"),
)
CONDITIONS = [(one.value, one.value) for one in Condition]
SEVERITIES = [(one.value, one.value) for one in Severity]


class AlertRule(models.Model):
    """One condition, and who is told when it holds.

    `threshold` is a number of failures in a row, milliseconds, or a percentage, by the condition.
    The scope is what is filled in of service, provider and user. Without a destination the owner
    of the integration is told by e-mail; by the other channels then nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, db_default="")
    condition = models.CharField(max_length=50, choices=CONDITIONS)
    threshold = models.FloatField(validators=[MinValueValidator(0)])
    window_minutes = models.PositiveIntegerField(
        default=60,
        db_default=60,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text="Only for error_rate: how far it looks back.",
    )
    minimum_checks = models.PositiveIntegerField(
        default=5,
        db_default=5,
        validators=[MinValueValidator(1)],
        help_text="Only for error_rate: it says nothing about fewer checks than these.",
    )
    severity = models.CharField(
        max_length=20, choices=SEVERITIES, default=Severity.CRITICAL, db_default=Severity.CRITICAL
    )
    action = models.CharField(max_length=20, choices=Channel)
    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, null=True, blank=True, related_name="rules"
    )
    cooldown_minutes = models.PositiveIntegerField(
        default=60, validators=[MaxValueValidator(10_080)]
    )
    service = models.CharField(max_length=50, blank=True, default="", db_default="")
    provider = models.CharField(max_length=50, blank=True, default="", db_default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "alert_rules"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(threshold__gt=0), name="a_threshold_is_above_zero"),
            models.CheckConstraint(
                condition=Q(condition__in=["consecutive_failures", "response_time", "error_rate"]),
                name="a_rule_looks_at_one_of_three_conditions",
            ),
            models.CheckConstraint(
                condition=Q(action__in=["email", "webhook", "slack"]),
                name="a_rule_tells_by_one_of_three_channels",
            ),
            models.CheckConstraint(
                condition=~Q(condition="error_rate") | Q(threshold__lte=100),
                name="an_error_rate_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(window_minutes__gte=1, window_minutes__lte=1440, minimum_checks__gte=1),
                name="a_rate_looks_back_a_day_at_most",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["critical", "warning"]),
                name="a_rule_warns_or_is_critical",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what would never fire or reach nobody, and a second rule of the same."""
        before = AlertRule.objects.filter(pk=self.pk).values_list("service", "provider").first()
        problems: dict[str, Any] = scope.problems(self, before or ("", ""))
        if (problem := self._problem_of_threshold()) is not None:
            problems["threshold"] = problem
        if self.severity == Severity.INFO:
            problems["severity"] = "Choose critical or warning: info is for the all-clear."
        if (problem := self._problem_of_sample()) is not None:
            problems["minimum_checks"] = problem
        named = self.destination
        if named is not None and named.kind != self.action:
            problems["destination"] = (
                f"“{named}” is reached by {named.kind}, and the rule tells by {self.action}. "
                f"Choose another destination, or the action {named.kind}."
            )
        others = AlertRule.objects.exclude(pk=self.pk)
        if self.name and others.filter(name=self.name).exists():
            problems["name"] = "There is a rule of this name: type another."
        if not problems and (twin := others.filter(**self._what_it_does()).first()) is not None:
            raise ValidationError(f"The rule “{twin}” is the same. Change that one.")
        if problems:
            raise ValidationError(problems)

    def _what_it_does(self) -> dict[str, Any]:
        same = {name: getattr(self, name) for name in _SAME}
        if self.condition == Condition.ERROR_RATE:
            same |= {"window_minutes": self.window_minutes, "minimum_checks": self.minimum_checks}
        return same

    def _problem_of_threshold(self) -> str | None:
        threshold: Any = self.threshold  # None where its field was refused already
        if threshold is None:
            return None
        if not 0 < threshold < float("inf"):
            return "Type a number above zero."
        match self.condition:
            case Condition.CONSECUTIVE_FAILURES:
                if threshold != int(threshold) or threshold > MOST_FAILURES:
                    most = f"{MOST_FAILURES:,}"
                    return f"Type a whole number of failures in a row, from 1 to {most}, such as 3."
            case Condition.RESPONSE_TIME:
                longest = settings.CALL_DEADLINE.total_seconds() * 1000
                if threshold >= longest:
                    said = "no answer is waited for longer"
                    return f"Type milliseconds below {longest:,.0f}, such as 5000: {said}."
            case Condition.ERROR_RATE:
                if threshold > 100:
                    return "Type a percentage from 1 to 100."
        return None

    def _problem_of_sample(self) -> str | None:
        checks: Any = self.minimum_checks  # None, too, where they were refused already
        minutes: Any = self.window_minutes
        if self.condition != Condition.ERROR_RATE or not checks or not minutes or checks <= minutes:
            return None
        return f"Type {minutes:,} at most: an integration is checked once a minute at most."
