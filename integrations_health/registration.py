"""What a person may say of an integration to be watched, checked field by field."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from integrations_health import typed_values
from integrations_health.redaction import redact

POLICIES = ("always", "every_nth", "on_suspicion")


class Refusal(NamedTuple):
    """Something that cannot be taken: where it stands, what is wrong, what to do instead.

    It never shows a value: what stands in a refused field may be a secret that slipped into the
    wrong column.
    """

    place: str
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.place, self.field, f"{self.problem}; {self.remedy}")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """One integration to be watched. What is None was not said: it stays as it is.

    `user` is the application's id of the user; `user_id`, when it is known already, is ours and
    wins. `user_email` is where that person is told. `place` is where it was written, for reports.
    """

    user: str
    service: str
    provider: str
    server_instance_id: str
    user_id: UUID | None = None
    user_email: str | None = field(default=None, repr=False)
    server_url: str | None = field(default=None, repr=False)
    server_token: str | None = field(default=None, repr=False)
    display_name: str | None = None
    provider_user_id: str | None = None
    auth_config_id: str | None = None
    connected_at: datetime | None = None
    interval_seconds: int | None = None
    enabled: bool | None = None
    probe_policy: str | None = None
    probe_every: int | None = None
    probe_tool: str | None = None
    probe_arguments: dict[str, Any] | None = None
    place: str = ""

    def said(self) -> dict[str, Any]:
        """Return what was said beyond the key, by the name of the row's field."""
        values = ((name, getattr(self, name)) for name in OPTIONAL)
        return {name: value for name, value in values if value is not None}


_KEY = {"user", "user_id", "service", "provider", "server_instance_id", "place"}
_OF_THE_USER = {"user_email"}
OPTIONAL = tuple(
    field.name for field in fields(Registration) if field.name not in _KEY | _OF_THE_USER
)


def read(
    said: Mapping[str, object], *, place: str, providers: Sequence[str]
) -> Registration | list[Refusal]:
    """Return the registration that the fields in `said` make, or all that is wrong with them.

    None was not said. `providers` are the names that are known.
    """
    refusals = [_unknown(name, place, FIELDS) for name in said if name not in FIELDS]
    values: dict[str, Any] = {}
    for name, rule in FIELDS.items():
        if rule.is_required and _is_blank(said.get(name)):
            refusals.append(Refusal(place, name, "is missing", "every entry needs it"))
        else:
            _take(said, name, values, refusals, place)
    if "provider" in values and values["provider"] not in providers:
        remedy = f"type one of {', '.join(providers)}"
        refusals.append(Refusal(place, "provider", "is not a provider we know", remedy))
    return refusals or Registration(**values, place=place)


def read_changes(
    said: Mapping[str, object], *, among: Collection[str]
) -> dict[str, Any] | list[Refusal]:
    """Return what `said` changes, by the name of the row's field, or all that is wrong with it.

    `among` are the fields that may be changed.
    """
    refusals = [_unknown(name, "", among) for name in said if name not in among]
    values: dict[str, Any] = {}
    for name in among:
        _take(said, name, values, refusals, "")
    return refusals or values


def shown(name: str) -> str:
    """Return a field's name as it may be shown: one that looks like a name, else redacted."""
    if re.fullmatch(r"[A-Za-z][A-Za-z _.-]{0,38}\d{0,2}", name):
        return name
    return redact(name.encode("utf-8", "backslashreplace").decode())


class _Rule(NamedTuple):
    """Which attribute of a registration a field fills, and how its value is read."""

    attribute: str
    parse: Callable[[object], object]
    is_required: bool = False


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _take(
    said: Mapping[str, object],
    name: str,
    values: dict[str, Any],
    refusals: list[Refusal],
    place: str,
) -> None:
    """Add a field to `values`, or what is wrong with it to `refusals`; None was not said."""
    value, rule = said.get(name), FIELDS[name]
    if value is None:
        return
    try:
        values[rule.attribute] = rule.parse(value)
    except typed_values.Bad as bad:
        refusals.append(Refusal(place, name, bad.problem, bad.remedy))


def _unknown(name: str, place: str, known: Collection[str]) -> Refusal:
    remedy = f"the fields are {', '.join(known)}"
    return Refusal(place, shown(name), "is not a field we know", remedy)


_ID = partial(typed_values.exact, most=255)
_NAME = partial(typed_values.word, most=50)

_INTERVAL = partial(typed_values.number, least=60, most=3600, unit="seconds")
_EVERY = partial(typed_values.number, least=2, most=1000, unit="a number of checks")

FIELDS: dict[str, _Rule] = {
    "user": _Rule("user", _ID, is_required=True),
    "service": _Rule("service", _NAME, is_required=True),
    "provider": _Rule("provider", _NAME, is_required=True),
    "serverInstanceId": _Rule("server_instance_id", _ID, is_required=True),
    "userEmail": _Rule("user_email", typed_values.email),
    "serverUrl": _Rule("server_url", typed_values.url),
    "serverToken": _Rule("server_token", typed_values.token),
    "displayName": _Rule("display_name", partial(typed_values.text, most=200)),
    "providerUserId": _Rule("provider_user_id", _ID),
    "authConfigId": _Rule("auth_config_id", _ID),
    "intervalSeconds": _Rule("interval_seconds", _INTERVAL),
    "enabled": _Rule("enabled", typed_values.flag),
    "probePolicy": _Rule("probe_policy", partial(typed_values.choice, among=POLICIES)),
    "probeEvery": _Rule("probe_every", _EVERY),
    "probeTool": _Rule("probe_tool", partial(typed_values.text, most=200)),
    "probeArguments": _Rule("probe_arguments", typed_values.arguments),
}
