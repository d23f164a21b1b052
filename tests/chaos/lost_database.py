"""What tests ask of a site whose database goes away, and what they look at in its answers."""

from typing import Any

from tests.chaos.own_database import Known, Site, token, watch
from tests.chaos.processes import wait_until

# What the breaker rests, the pool tries, and a busy machine takes.
BACK_SECONDS = 40.0


def is_live(site: Site) -> bool:
    known = watch(site)
    answer = site.ask(known.path, token(known.owner))
    return bool(answer.status_code == 200 and answer.json()["source"] == "live")


def read_before(site: Site) -> Known:
    """Return an integration whose owner has just looked at it."""
    known = watch(site)
    assert site.ask(known.path, token(known.owner)).status_code == 200
    wait_until(lambda: is_kept(site, known), seconds=10, what="the answer is kept")
    return known


def is_kept(site: Site, known: Known) -> bool:
    with site.redis() as client:
        return bool(client.exists(f"last-known:health:{known.id.hex}"))


def is_unavailable(answer: Any) -> bool:
    return bool(
        answer.status_code == 503
        and 15 <= int(answer.headers["Retry-After"]) <= 45
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json()["code"] == "database_unavailable"
    )


def sign_in(site: Site) -> Any:
    cookie = "t" * 32
    return site.ask(
        "/sign-in/",
        method="POST",
        headers={"Cookie": f"csrftoken={cookie}", "Origin": site.web.url},
        data={"username": "somebody", "password": "secret", "csrfmiddlewaretoken": cookie},
    )
