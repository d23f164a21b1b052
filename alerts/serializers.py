"""The JSON of alerts, declared field by field for the OpenAPI document."""

from rest_framework import serializers

from alerts.decisions import LONGEST_REASON, Verdict
from alerts.retelling import State
from alerts.rules import AlertType, Severity
from integrations_health.serializers import CAUSES, ERROR_CODES

TYPES = [one.value for one in AlertType]
SEVERITIES = [one.value for one in Severity]
STATES = [one.value for one in State]
VERDICTS = list(Verdict.values)
LONGEST_NOTE = LONGEST_REASON


class Telling(serializers.Serializer[object]):
    """Whether somebody was told, when, or why not yet."""

    state = serializers.ChoiceField(STATES)
    says = serializers.CharField(
        help_text="For people: `Not sent, because the same was told not long ago.`"
    )
    at = serializers.DateTimeField(
        allow_null=True, help_text="When it was, or will be. Null: not known."
    )
    until = serializers.DateTimeField(
        allow_null=True, help_text="Until when it is held back. Null: until something changes."
    )


class Acknowledgement(serializers.Serializer[object]):
    """Who looks after an alert."""

    at = serializers.DateTimeField(help_text="Since when.")
    by = serializers.ChoiceField(["you", "owner", "support"])
    note = serializers.CharField(allow_null=True, help_text="Null: none, or not for you.")


class Alert(serializers.Serializer[object]):
    """Somebody should look at an integration, or need not any more."""

    id = serializers.UUIDField()
    integrationId = serializers.UUIDField()
    userId = serializers.UUIDField()
    service = serializers.CharField()
    provider = serializers.CharField()
    type = serializers.ChoiceField(TYPES, help_text="`recovered` ends another alert.")
    severity = serializers.ChoiceField(SEVERITIES)
    message = serializers.CharField(help_text="A sentence for people.")
    errorCode = serializers.ChoiceField(ERROR_CODES, allow_null=True)
    cause = serializers.ChoiceField(CAUSES, allow_null=True, help_text="Whose fault it is.")
    flapping = serializers.BooleanField(help_text="It fails and recovers again and again.")
    since = serializers.DateTimeField(help_text="Of the first bad check, as far as it is known.")
    openedAt = serializers.DateTimeField()
    escalatedAt = serializers.DateTimeField(
        allow_null=True, help_text="When it became worse. Null: it did not."
    )
    resolvedAt = serializers.DateTimeField(allow_null=True, help_text="Null: it is open.")
    sentAt = serializers.DateTimeField(
        allow_null=True, help_text="When the first message about it went out."
    )
    telling = Telling()
    next = serializers.CharField(
        allow_null=True, help_text="For people: what happens next. Null: nothing."
    )
    acknowledgement = Acknowledgement(allow_null=True, help_text="Null: nobody looks after it.")
    incidentId = serializers.UUIDField(
        allow_null=True, help_text="The provider's incident that it was part of."
    )
    endsAlertId = serializers.UUIDField(
        allow_null=True, help_text="Of type `recovered`: the alert that is over."
    )


class Decision(serializers.Serializer[object]):
    """What was decided about an alert, and why."""

    at = serializers.DateTimeField()
    by = serializers.ChoiceField(["engine", "you", "owner", "support"])
    verdict = serializers.ChoiceField(VERDICTS)
    says = serializers.CharField()


class AlertWithDecisions(Alert):
    """An alert, and how it came to what it is."""

    told = Telling(many=True, help_text="Each message about it, and what is held back.")
    decisions = Decision(many=True, help_text="The last hundred, the newest first.")


class AlertPage(serializers.Serializer[object]):
    """Some alerts, the newest first."""

    items = Alert(many=True)
    nextCursor = serializers.CharField(
        allow_null=True, help_text="The `cursor` of the next page. Null: this is the last."
    )


class NewAcknowledgement(serializers.Serializer[object]):
    """That the caller looks after an alert."""

    note = serializers.RegexField(
        r"^[^\x00-\x1f\x7f-\x9f]*$",
        required=False,
        allow_blank=True,
        max_length=LONGEST_NOTE,
        help_text="What you do about it.",
    )
