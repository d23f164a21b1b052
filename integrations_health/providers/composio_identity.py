"""Whose a Composio account is, read of its own page."""

from integrations_health.outcomes import Outcome
from integrations_health.providers import composio_accounts as accounts
from integrations_health.providers.base import Account, ConnectionState, Failure
from integrations_health.providers.http import Reply, bad_response, object_in


def account(reply: Reply, *, id: str) -> Account | Failure:
    """Read the answer about the one account `id`: its user, toolkit and auth config."""
    status = accounts.account_status(reply, id=id)
    if isinstance(status, Failure):
        return status
    if status.state is ConnectionState.GONE:
        return Failure(outcome=Outcome.DISCONNECTED, call=reply.call, detail=status.reason)
    connection = accounts.connection(object_in(reply))
    if connection is None:
        return bad_response(reply.call, "the account does not say whose it is")
    return Account(connection=connection, state=status.state)
