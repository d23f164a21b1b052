"""The pages on which a user allows a connection, or does not."""

from html import escape
from time import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.exchange import HTML, Exchange, Reply
from integrations_health.providers.simulator.world import Simulator

LINK = "/link/"
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 24rem; padding: 1rem }}
label, input {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ margin: .25rem 0 1rem; padding: .5rem 1rem; font: inherit }}
</style></head>"""
_PAGE = f"""{_HEAD}
<body><main><h1>{{title}}</h1>
<p>The simulator plays the provider. Allow access for {{user}}?</p>
<form method="post">
<label>Account <input name="identity" value="{{identity}}"></label>
<button name="consent" value="allow">Allow</button>
<button name="consent" value="deny">Deny</button>
</form></main></body></html>"""
_SAID = f"""{_HEAD}
<body><main><h1>{{title}}</h1></main></body></html>"""


def answer(world: Simulator, exchange: Exchange) -> Reply:
    """Show the page of a Composio link, or take the answer its user posts."""
    world.settle()
    id = world.links.get(exchange.path[len(LINK) :])
    account = world.population.find("composio", id) if id else None
    if account is None or account.expires_at is None:
        return said(410, "This link is no longer valid")
    exchange.call.account = account.id
    if exchange.method != "POST":
        return page(account)
    if is_allowed(exchange):
        account.heal(now=time(), identity=exchange.form().get("identity", ""))
        outcome = "success"
    else:
        account.move_to("FAILED", "OAuth callback failed during token exchange", now=time())
        outcome = "failed"
    answer = {"status": outcome, "connected_account_id": account.id}
    return back(account.callback_url, answer)


def is_allowed(exchange: Exchange) -> bool:
    """Say whether a posted form allows the connection."""
    return exchange.form().get("consent", "allow") == "allow"


def page(account: Account) -> Reply:
    """Return the page that asks for consent."""
    values = {
        "title": escape(f"Connect {account.service.server}"),
        "user": escape(account.user_id),
        "identity": escape(account.identity),
    }
    return Reply(200, _PAGE.format(**values).encode(), headers=(HTML,))


def said(status: int, text: str) -> Reply:
    """Return a page with one sentence."""
    return Reply(status, _SAID.format(title=escape(text)).encode(), headers=(HTML,))


def back(url: str, answer: dict[str, str]) -> Reply:
    """Send the user back to where the connection was begun, with the answer in the query."""
    if not url:
        return said(200, "Done. You may close this window")
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
    location = urlunsplit(parts._replace(query=query))
    return Reply(302, b"", headers=((b"location", location.encode()),))
