"""What a message says: subject, text, HTML, and the bodies for machines and for Slack."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from alerts import slack_text, words
from alerts.senders.email import one_line, visible
from alerts.senders.webhook import MOST_BYTES
from alerts.told import Told
from integrations_health.outcomes import Cause

# What is beyond is counted, not listed.
MOST_LISTED = 20
MOST_IN_A_WEBHOOK = 30
LONGEST_LINE = 400

_CAUSES = {
    Cause.USER_GRANT: "the connection expired",
    Cause.USER_SCOPE: "a permission is missing",
    Cause.PROVIDER: "trouble at the provider",
    Cause.SERVICE: "trouble at the service",
    Cause.OURS: "a fault of ours",
}
_NEWS = {
    "opened": "is failing",
    "escalated": "became worse",
    "recovered": "works again",
    "asked": "waits for you to reconnect it",
}


def subject(told: Sequence[Told]) -> str:
    """Return the news in one line: what, how many, and why."""
    groups: dict[tuple[object, ...], list[Told]] = {}
    for one in told:
        groups.setdefault(one.group, []).append(one)
    # Bad news are not hidden behind good ones.
    largest = max(groups.values(), key=lambda some: (some[0].event != "recovered", len(some)))
    rest = len(told) - len(largest)
    more = f" (and {rest} more)" if rest else ""
    return one_line(f"{_news(largest)}{more}")


def context(told: Sequence[Told], *, zone: str, is_owner: bool) -> dict[str, Any]:
    """Return what the templates of a mail show; its times are those of the recipient's `zone`."""
    label, url = button(told, is_owner=is_owner)
    return {
        "subject": subject(told),
        "lines": [_line(one, zone=zone) for one in told[:MOST_LISTED]],
        "more": max(0, len(told) - MOST_LISTED),
        "button": label,
        "url": url,
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
    lines = [_line(one, zone="UTC") for one in told[: MOST_LISTED // 2]]
    listed = "\n".join(f"{line['sentence']} {line['when']}" for line in lines)
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
    if not is_owner:
        return "Look at it", f"{settings.PUBLIC_URL}/admin/alerts/alert/"
    integrations = {one.integration_id for one in told}
    links = {one.reauth_url for one in told if one.reauth_url}
    label = "Reconnect" if links else "See how it is"
    if len(links) == 1:
        return label, links.pop()
    if len(integrations) == 1 and told[0].integration_id is not None:
        return label, f"{settings.PUBLIC_URL}/integrations/{told[0].integration_id}/"
    return label, f"{settings.PUBLIC_URL}/"


def _news(told: Sequence[Told]) -> str:
    first = told[0]
    if first.is_notice:
        over = "Over: " if first.event == "recovered" else ""
        return f"{over}{first.kind}" if len(told) == 1 else f"{over}{first.kind} ({len(told)})"
    is_alone = len({one.integration_id for one in told}) == 1
    people = len({one.user_id for one in told})
    called = (
        first.called
        if is_alone
        else words.name(display_name="", service=first.service, provider=first.provider)
    )
    ends = {one.end for one in told}
    news = (first.end if len(ends) == 1 else "") or _NEWS[first.event]
    if first.event == "opened" and all(one.is_degraded for one in told):
        news = "has trouble"
    parts = []
    if not is_alone:
        parts.append(f"{people} users" if people > 1 else f"{len(told)} connections")
    if first.event == "recovered":
        if is_alone and first.ended_at is not None:
            lasted = words.span(first.ended_at - first.began_at)
            if first.is_whole:
                return f"{called} {first.trouble} for {lasted}, and works again"
            return f"{called} {news}, after {lasted}"
    elif first.cause is not None:
        parts.append(_CAUSES[first.cause])
    return f"{called} {news}" + (f": {', '.join(parts)}" if parts else "")


def _line(one: Told, *, zone: str) -> dict[str, Any]:
    sentence, when = one.sentence, f"Since {_local(one.began_at, zone)}."
    if one.event == "recovered" and one.ended_at is not None:
        lasted = words.span(one.ended_at - one.began_at)
        when = f"From {_local(one.began_at, zone)} to {_local(one.ended_at, zone)}."
        if one.is_notice:
            sentence = f"Over after {lasted}: {sentence}"
        elif one.is_whole:
            sentence = (
                f"{one.called} {one.trouble} for {lasted}, and works again. It was: {sentence}"
            )
        else:
            sentence = f"{one.called} works again, after {lasted}."
    elif one.ended_at is not None:
        # It waited, or was tried for long: what it tells is over by now.
        when = f"From {_local(one.began_at, zone)} to {_local(one.ended_at, zone)}: it is over."
    if one.end and one.ended_at is not None:
        sentence = f"{one.called} {one.end}, after {words.span(one.ended_at - one.began_at)}."
    sentence = visible(sentence)
    if len(sentence) > LONGEST_LINE:
        sentence = f"{sentence[: LONGEST_LINE - 1]}…"
    return {"sentence": sentence, "when": when, "event": one.event}


def _facts(one: Told) -> dict[str, Any]:
    times = {"openedAt": _instant(one.began_at)}
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
        "service": one.service,
        "provider": one.provider,
        "severity": one.severity,
        "errorCode": one.error_code,
        "cause": one.cause,
        **reauth,
        **times,
        **whole,
    }


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M} ({zone})"


def _instant(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")
