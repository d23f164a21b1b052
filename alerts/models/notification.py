"""Who was told what: messages, and what each of them tells."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models.alert import Alert
from alerts.models.destination import Channel, Destination
from alerts.models.notice import StaffNotice


class Notification(models.Model):
    """One message to one recipient; sent at least once, always with this id on the wire.

    It collects until `collects_until`: what else the recipient is to be told meanwhile joins it as
    one more item. Whoever claims it to send it ends that. `recipient` names who is told, so that
    two messages to the same one are known as such: `destination:<id>` or `user:<id>`.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=20, choices=Channel)
    recipient = models.CharField(max_length=60)
    # Most messages have none of one of these three: an index of each leaves them out.
    destination = models.ForeignKey(
        Destination,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="notifications",
    )
    # To a person: who, and the address they had; it goes to the one that they have by then. The
    # message goes when the person is deleted.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        related_name="+",
    )
    email = models.EmailField(blank=True, default="")
    # The dead message whose items this one tells again.
    replays = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="replayed_by",
    )
    is_digest = models.BooleanField(default=False)
    is_collecting = models.BooleanField(default=True)
    collects_until = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    # What a webhook's signature covers: the same bytes at every attempt.
    body = models.TextField(blank=True, default="")
    last_error = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "notifications"
        permissions = (("replay_notification", "Can send dead notifications again"),)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=Q(state__in=["pending", "sending"]),
                name="idx_notifications_due",
            ),
            models.Index(
                fields=["recipient", "-collects_until"], name="idx_notifications_recipient"
            ),
            # What staff leaf through.
            models.Index(fields=["-created_at", "-id"], name="idx_notifications_newest"),
            models.Index(
                fields=["channel"], condition=Q(state="dead"), name="idx_notifications_dead"
            ),
            *(
                models.Index(
                    fields=[name],
                    condition=Q((f"{name}__isnull", False)),
                    name=f"idx_notifications_{name}",
                )
                for name in ("destination", "user", "replays")
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["recipient"],
                condition=Q(is_collecting=True),
                name="one_collecting_notification_per_recipient",
            ),
            models.CheckConstraint(
                condition=Q(is_collecting=False) | Q(state="pending", attempts=0),
                name="what_was_tried_collects_no_more",
            ),
            models.CheckConstraint(
                condition=Q(destination__isnull=False, user=None, email="")
                | (Q(destination=None, user__isnull=False, channel="email") & ~Q(email="")),
                name="a_notification_goes_to_a_destination_or_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending")
                | Q(leased_until__isnull=False, lease_token__isnull=False),
                name="what_is_being_sent_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="a_sent_notification_knows_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sending", "sent", "dead"]),
                name="a_notification_is_in_one_of_four_states",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values),
                name="a_notification_goes_by_one_of_three_channels",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.recipient}"


class NotificationItem(models.Model):
    """One thing that a message tells: an event of an alert, or a notice to staff."""

    class Event(models.TextChoices):
        OPENED = "opened"
        ESCALATED = "escalated"
        RECOVERED = "recovered"
        # By support, to connect again.
        ASKED = "asked", "Asked to reconnect"

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="items")
    # Found by the index of the constraint that begins with it.
    alert = models.ForeignKey(
        Alert,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        related_name="notification_items",
    )
    notice = models.ForeignKey(
        StaffNotice,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        related_name="notification_items",
    )
    event = models.CharField(max_length=20, choices=Event)
    recipient = models.CharField(max_length=60)
    # How often the same was told before: a link to reconnect runs out, and may be sent anew.
    repeats = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "notification_items"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["alert", "event", "recipient", "repeats"],
                name="nobody_is_told_an_event_of_an_alert_twice",
            ),
            models.UniqueConstraint(
                fields=["notice", "event", "recipient"],
                condition=Q(notice__isnull=False),
                name="nobody_is_told_a_notice_twice",
            ),
            models.CheckConstraint(
                condition=Q(alert=None) ^ Q(notice=None),
                name="an_item_tells_of_an_alert_or_of_a_notice",
            ),
            models.CheckConstraint(
                condition=Q(repeats=0) | Q(event="asked"),
                name="only_a_request_to_reconnect_is_repeated",
            ),
            models.CheckConstraint(
                condition=Q(event__in=["opened", "escalated", "recovered", "asked"]),
                name="an_item_tells_one_of_four_events",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.recipient}"
