"""What a message says: subject, text, HTML, and the bodies for machines and for Slack."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from alerts import slack_text
from alerts.news import LONGEST_LINE, Told, line, subject
from alerts.senders.email import visible
from alerts.senders.webhook import MOST_BYTES

# What is beyond is counted, not listed.
MOST_LISTED = 20
MOST_IN_A_WEBHOOK = 30


def context(told: Sequence[Told], *, zone: str, is_owner: bool) -> dict[str, Any]:
    """Return what the templates of a mail show; its times are those of the recipient's `zone`."""
    label, url = button(told, is_owner=is_owner)
    lines = [line(one, zone=zone) for one in told[:MOST_LISTED]]
    advice = {one.advice for one in lines} if is_owner else set()
    return {
        "subject": subject(told),
        "lines": lines,
        # Once, where it is the same of all.
        "advice": advice.pop() if len(advice) == 1 and len(lines) == len(told) else "",
        "more": max(0, len(told) - MOST_LISTED),
        "button": label,
        "url": url,
        "why": _why(told, is_owner=is_owner),
        "is_owner": is_owner,
    }


def mail(told: Sequence[Told], *, zone: str, is_owner: bool) -> tuple[str, str, str]:
    """Return a mail's subject, text and HTML."""
    shown = context(told, zone=zone, is_owner=is_owner)
    text = render_to_string("alerts/message.txt", shown)
    return shown["subject"], text, render_to_string("alerts/message.html", shown)


def webhook(told: Sequence[Told], *, at: datetime) -> str:
    """Return the thin body of a webhook: one event, or a digest of several."""
    if len(told) == 1:
        if told[0].is_trial:
            return _body("test", {"message": visible(told[0].sentence)}, at=at)
        what = "notice" if told[0].is_notice else "alert"
        return _body(f"{what}.{told[0].event}", _facts(told[0]), at=at)
    listed = [{"type": one.event, **_facts(one)} for one in told[:MOST_IN_A_WEBHOOK]]
    data = {"count": len(told), "items": listed}
    while len(_body("alert.digest", data, at=at).encode()) > MOST_BYTES:
        listed.pop()
    return _body("alert.digest", data, at=at)


def _body(kind: str, data: dict[str, Any], *, at: datetime) -> str:
    return json.dumps({"type": kind, "timestamp": _instant(at), "data": data}, ensure_ascii=False)


def slack(told: Sequence[Told], *, id: UUID, is_owner: bool = False) -> str:
    """Return the blocks of a Slack message. Whatever was typed by people is inert in it."""
    label, url = button(told, is_owner=is_owner)
    lines = [line(one, zone="UTC") for one in told[: MOST_LISTED // 2]]
    listed = "\n".join(
        f"{one.whose}: {one.sentence} {one.when}" if one.whose else f"{one.sentence} {one.when}"
        for one in lines
    )
    if len(told) > len(lines):
        listed += f"\n... and {len(told) - len(lines)} more."
    title = subject(told)
    blocks = [
        {"type": "header", "text": slack_text.plain(title, 150)},
        {"type": "section", "text": slack_text.plain(listed, 3000)},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": slack_text.plain(label, 75), "url": url}],
        },
        {"type": "context", "elements": [slack_text.plain(f"Message {id}", 100)]},
    ]
    return json.dumps(
        {"text": slack_text.escaped(title, 300), "blocks": blocks}, ensure_ascii=False
    )


def button(told: Sequence[Told], *, is_owner: bool) -> tuple[str, str]:
    """Return the one thing to do, and where."""
    own = [one for one in told if not one.is_notice]
    if not is_owner or not own:
        return "Look at it", f"{settings.PUBLIC_URL}{_page(told)}"
    integrations = {one.integration_id for one in own}
    links = {one.reauth_url for one in own if one.reauth_url}
    label = "Reconnect" if links else "See how it is"
    if len(links) == 1:
        return label, links.pop()
    path = f"/integrations/{integrations.pop()}/" if len(integrations) == 1 else "/"
    return label, f"{settings.PUBLIC_URL}{path}"


def _page(told: Sequence[Told]) -> str:
    """Return where staff find all of it: a page of its own, or the list of the like."""
    if len(told) == 1:
        return told[0].page
    if all(one.is_notice for one in told):
        return reverse("admin:alerts_staffnotice_changelist")
    causes = {(one.provider, one.service, one.error_code) for one in told if not one.is_notice}
    chosen = {"cause": "/".join(*causes)} if len(causes) == 1 else {}
    if all(one.event == "recovered" for one in told):
        chosen["state"] = "resolved"
    query = f"?{urlencode(chosen)}" if chosen else ""
    return f"{reverse('admin:alerts_alert_changelist')}{query}"


def _why(told: Sequence[Told], *, is_owner: bool) -> str:
    """Return why somebody gets a message."""
    if not is_owner:
        return "You get this because this address is a destination of Integration Health."
    own = {one.integration_id for one in told if not one.is_notice}
    if not own:
        return "You get this because you look after Integration Health."
    these = "these connections are" if len(own) > 1 else "this connection is"
    return f"You get this because {these} yours."


def _facts(one: Told) -> dict[str, Any]:
    times = {"since": _instant(one.began_at), "openedAt": _instant(one.opened_at or one.began_at)}
    if one.is_notice:
        del times["since"]
    if one.ended_at is not None:
        times["resolvedAt"] = _instant(one.ended_at)
    # No message told of the opening before.
    whole = {"tellsOpening": True} if one.is_whole else {}
    if one.is_notice:
        said = visible(one.sentence)[:LONGEST_LINE]
        return {"noticeId": str(one.id), "message": said, **times, **whole}
    reauth = {"reauthUrl": one.reauth_url} if one.reauth_url else {}
    return {
        "alertId": str(one.id),
        "integrationId": str(one.integration_id),
        "userId": str(one.user_id),
        "user": one.user or None,
        "service": one.service,
        "provider": one.provider,
        "severity": one.severity,
        "errorCode": one.error_code,
        "cause": one.cause,
        **reauth,
        **times,
        **whole,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")
