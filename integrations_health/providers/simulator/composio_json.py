"""A connected account as Composio's JSON, fast enough for pages of a hundred."""

from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from integrations_health.providers.simulator.accounts import Account, instant
from integrations_health.providers.simulator.exchange import dump
from integrations_health.providers.simulator.failures import words
from integrations_health.providers.simulator.faults import Fault, Step
from integrations_health.providers.simulator.services import Service


class Shown(NamedTuple):
    """What Composio says of the connection's state."""

    status: str
    reason: str | None
    is_disabled: bool = False
    is_auth_config_disabled: bool = False


_DECLARED = {
    Fault.EXPIRED: Shown("EXPIRED", "Permanent auth error during token refresh"),
    Fault.FAILED: Shown("FAILED", "OAuth callback failed during token exchange"),
    Fault.REVOKED: Shown("REVOKED", "Revoked via user-initiated revoke endpoint"),
    Fault.INACTIVE: Shown("INACTIVE", "Connection status updated by user"),
    Fault.INITIATED: Shown("INITIATED", None),
    Fault.STRANGE_STATUS: Shown("PAUSED", None),
    Fault.DISABLED: Shown("ACTIVE", None, True),
    Fault.AUTH_CONFIG_DISABLED: Shown("ACTIVE", "Auth config is disabled", False, True),
}
# Secrets come masked: the first four characters, or a word.
_SECRETS = {"access_token": "ya29...", "refresh_token": "REDACTED", "token_type": "Bearer"}
_ITEM = (
    '{"id":%s,"word_id":null,"alias":null,"user_id":%s,"status":%s,"status_reason":%s,'
    '"is_disabled":%s,"toolkit":{"slug":"{toolkit}"},"auth_config":{"id":%s,"auth_scheme":"OAUTH2",'
    '"is_composio_managed":true,"is_disabled":%s},"created_at":"%s","updated_at":"%s",'
    '"state":{"authScheme":"OAUTH2","val":{state}},"data":{state},"test_request_endpoint":"",'
    '"experimental":{"account_type":"%s"},"deprecated":{"uuid":"","labels":[]}%s}'
)
_DETAIL = ',"params":{},"requested_scopes":[],"requested_user_scopes":[]'
_FLAG = {False: "false", True: "true"}


def shown(account: Account, step: Step) -> Shown:
    """Return the state an account shows at a step of its script."""
    declared = _DECLARED.get(step.fault)
    if declared is None:
        return Shown(account.status, account.status_reason, account.is_disabled)
    return declared._replace(reason=words(step, declared.reason or "") or None)


def item(account: Account, step: Step, *, is_detail: bool = False) -> bytes:
    """Return an account as an item of a list, or with the details that only it alone has."""
    status, reason, is_disabled, is_auth_config_disabled = shown(account, step)
    text = _template(account.service) % (
        quoted(account.id),
        quoted(account.user_id),
        quoted(status),
        "null" if reason is None else quoted(reason),
        _FLAG[is_disabled],
        quoted(account.auth_config_id),
        _FLAG[is_auth_config_disabled],
        instant(account.created_at),
        instant(account.updated_at),
        "SHARED" if account.is_shared else "PRIVATE",
        _DETAIL if is_detail else "",
    )
    return text.encode()


@lru_cache
def _template(service: Service) -> str:
    state = dump({"status": "ACTIVE", **_SECRETS}).decode()
    return _ITEM.replace("{toolkit}", service.toolkit).replace("{state}", state)
