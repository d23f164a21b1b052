"""Every address of the product, and what each kind of caller is answered there.

Of an address with an id, the id is that of an integration of `owner`, and of an alert about it.
`seated` is a member of the staff in a browser, `staff` one with a token; `reader` and `writer` are
API keys. A method that has no line is refused. A new route is a line here; without one the tests
fail.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

CALLERS = ("owner", "other", "staff", "seated", "anonymous", "expired", "reader", "writer")
# HEAD is answered as GET is.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TABLE = """
                                        owner other staff seated anonymous expired reader writer
GET    api/integrations                 200   200   200   200    401       401     200    200
POST   api/integrations                 201   201   201   201    401       401     403    400
GET    api/integrations/<id>            200   404   200   404    401       401     200    200
PATCH  api/integrations/<id>            200   404   200   404    401       401     403    200
DELETE api/integrations/<id>            204   404   204   404    401       401     403    204
GET    api/integrations/<id>/health     200   404   200   404    401       401     200    200
GET    api/integrations/<id>/health/history 200 404 200   404    401       401     200    200
POST   api/integrations/<id>/health/check 200 404   200   404    401       401     403    200
POST   api/integrations/<id>/reauthenticate 409 404 409   404    401       401     403    409
GET    api/alerts                       200   200   200   200    401       401     200    200
GET    api/alerts/<id>                  200   404   200   404    401       401     200    200
POST   api/alerts/<id>/acknowledge      200   404   200   404    401       401     403    400
GET    api/incidents                    200   200   200   200    401       401     200    200
POST   api/ws-ticket                    201   201   201   201    401       401     201    201
POST   api/hooks/composio               401   401   401   401    401       401     401    401
GET    api/schema                       200   200   200   200    200       200     200    200
GET    api/docs                         200   200   200   200    200       200     200    200
GET    healthz                          200   200   200   200    200       200     200    200
GET    readyz                           503   503   503   503    503       503     503    503
GET    metrics                          404   404   404   404    404       404     404    404
POST   metrics                          404   404   404   404    404       404     404    404
PUT    metrics                          404   404   404   404    404       404     404    404
PATCH  metrics                          404   404   404   404    404       404     404    404
DELETE metrics                          404   404   404   404    404       404     404    404
OPTIONS metrics                         404   404   404   404    404       404     404    404
GET    <empty>                          302   302   302   200    302       302     302    302
GET    integrations/<id>/               302   302   302   404    302       302     302    302
GET    status/                          200   200   200   200    200       200     200    200
GET    status/data.json                 200   200   200   200    200       200     200    200
GET    status/feed.xml                  200   200   200   200    200       200     200    200
GET    sign-in/                         200   200   200   302    200       200     200    200
POST   sign-in/                         200   200   200   302    200       200     200    200
POST   sign-out/                        302   302   302   302    302       302     302    302
POST   preferences/theme/               302   302   302   302    302       302     302    302
POST   preferences/time-zone/           302   302   302   302    302       302     302    302
POST   integrations/<id>/check/         302   302   302   404    302       302     302    302
GET    integrations/<id>/reconnect/     302   302   302   404    302       302     302    302
POST   integrations/<id>/reconnect/     302   302   302   404    302       302     302    302
GET    reconnect/<str:token>/           302   302   302   404    302       302     302    302
POST   reconnect/<str:token>/           302   302   302   404    302       302     302    302
GET    reconnect/back/<str:state>/      302   302   302   404    302       302     302    302
POST   alerts/<id>/acknowledge/         302   302   302   404    302       302     302    302
GET    favicon.svg                      200   200   200   200    200       200     200    200
GET    favicon.ico                      302   302   302   302    302       302     302    302
"""
# Nobody is asked who they are: not at all, or, where a signature counts, not by their token.
PUBLIC = frozenset({"api/schema", "api/docs", "api/hooks/composio"})
# What is sent; a method that is not here sends nothing.
BODIES: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("POST", "api/integrations"): lambda: {
        "service": "gmail",
        "provider": "composio",
        "serverInstanceId": "ca_new",
    },
    ("PATCH", "api/integrations/<id>"): lambda: {"displayName": "Mine"},
}


class Line(NamedTuple):
    """What the callers are answered for one method of one route, in the order of CALLERS."""

    method: str
    route: str
    statuses: dict[str, int]


def _lines() -> list[Line]:
    found = []
    for text in TABLE.strip().splitlines()[1:]:
        method, route, *statuses = text.split()
        route = "" if route == "<empty>" else route
        found.append(Line(method, route, dict(zip(CALLERS, map(int, statuses), strict=True))))
    return found


LINES = {(line.method, line.route): line for line in _lines()}
ROUTES = sorted({line.route for line in LINES.values()})


def expected(method: str, route: str, caller: str) -> frozenset[int]:
    """Return the statuses with which a caller may be answered."""
    line = LINES.get(("GET" if method == "HEAD" else method, route))
    if line is not None:
        return frozenset({line.statuses[caller]})
    if not route.startswith("api/"):
        # Pages: Django's own refusals.
        return frozenset({302, 403, 405})
    if route in PUBLIC:
        return frozenset({405})
    # Who is asking is found out first, then the right, then whether there is such a method.
    if caller in {"anonymous", "expired"}:
        return frozenset({401})
    if caller == "reader" and method not in SAFE and not route.endswith("ws-ticket"):
        return frozenset({403})
    return frozenset({405})
