"""How each kind of message leaves the house."""

from alerts.senders.base import Sender
from alerts.senders.email import EmailSender
from alerts.senders.slack import SlackSender
from alerts.senders.webhook import WebhookSender

SENDERS: dict[str, Sender] = {
    sender.kind: sender for sender in (EmailSender(), WebhookSender(), SlackSender())
}
