"""PostgreSQL killed under a running web server: who is still answered, and what."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from tests import keys
from tests.chaos.lost_database import is_unavailable, read_before, sign_in
from tests.chaos.own_database import Site, api_key, token, watch
from tests.chaos.processes import wait_until
from tests.live.serving import closed

pytestmark = pytest.mark.chaos


def said_of(answer: Any) -> dict[str, Any]:
    """Return a problem without what names the request."""
    body: dict[str, Any] = answer.json()
    return {name: body[name] for name in body if name not in {"instance", "requestId"}}


def test_the_owner_is_answered_what_was_so_when_it_was_read_last(site: Site) -> None:
    known = read_before(site)
    fresh = site.ask(known.path, token(known.owner)).json()

    with site.without_database():
        answer = site.ask(known.path, token(known.owner))

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    body = answer.json()
    assert (body["stale"], body["source"]) == (True, "cache")
    assert body["asOf"] <= fresh["asOf"]
    own_words = {"stale": False, "source": "live", "asOf": fresh["asOf"]}
    assert body | own_words == fresh
    assert len(body["history"]) == 20


def test_nobody_sees_more_than_with_the_database(site: Site) -> None:
    known = read_before(site)
    reader = api_key(site, f"reader {uuid4()}", may_write=False)
    writer = api_key(site, f"writer {uuid4()}")
    unseen = api_key(site, f"unseen {uuid4()}")
    for key in (reader, writer):
        assert site.ask(known.path, key).status_code == 200
    act_for = "X-Act-For"
    # So that it is known by which id the application knows the owner.
    assert site.ask(known.path, writer, headers={act_for: known.external_id}).status_code == 200
    stranger = token(uuid4())

    with site.without_database():
        sees = {
            "owner": site.ask(known.path, token(known.owner)),
            "staff": site.ask(known.path, token(uuid4(), scope="staff")),
            "back end": site.ask(known.path, reader),
            "acting for the owner": site.ask(
                known.path, writer, headers={act_for: known.external_id}
            ),
            "acting for our id of the owner": site.ask(
                known.path, writer, headers={act_for: str(known.owner)}
            ),
        }
        cannot = {
            "other": site.ask(known.path, stranger),
            "unknown id": site.ask(f"/api/integrations/{uuid4()}/health", stranger),
            "owner, unknown id": site.ask(
                f"/api/integrations/{uuid4()}/health", token(known.owner)
            ),
            "acting for another": site.ask(known.path, writer, headers={act_for: "app-other"}),
            "acting for another of ours": site.ask(
                known.path, writer, headers={act_for: str(uuid4())}
            ),
            "a key that nobody used": site.ask(known.path, unseen),
            "a key that never was": site.ask(known.path, f"ihk_{'0' * 12}_x"),
            "a session": site.ask(known.path, headers={"Cookie": "sessionid=" + "a" * 32}),
        }
        refused = {
            "nobody": site.ask(known.path),
            "a token that is not ours": site.ask(known.path, token(known.owner)[:-4] + "AAAA"),
            "an expired token": site.ask(known.path, token(known.owner, exp=1)),
        }
        no_right = site.ask(known.path, reader, headers={act_for: known.external_id})

    assert {who: answer.status_code for who, answer in sees.items()} == dict.fromkeys(sees, 200)
    assert all(answer.json()["stale"] for answer in sees.values())
    assert [who for who, answer in cannot.items() if not is_unavailable(answer)] == []
    # Nobody can tell a foreign id from one that there is not.
    assert all(said_of(answer) == said_of(cannot["unknown id"]) for answer in cannot.values())
    assert {who: answer.status_code for who, answer in refused.items()} == dict.fromkeys(
        refused, 401
    )
    assert no_right.status_code == 403


def test_a_removed_integration_and_a_revoked_key_are_not_remembered(site: Site) -> None:
    removed, kept = read_before(site), read_before(site)
    key = api_key(site, f"ends {uuid4()}")
    assert site.ask(kept.path, key).status_code == 200
    gone = site.ask(f"/api/integrations/{removed.id}", token(removed.owner), method="DELETE")
    assert gone.status_code == 204

    with site.without_database():
        of_removed = site.ask(removed.path, token(removed.owner))
        by_key = site.ask(removed.path, key)
        still = site.ask(kept.path, key)

    assert is_unavailable(of_removed)
    assert is_unavailable(by_key)
    assert still.status_code == 200


def test_a_socket_ends_with_its_token_all_the_same(site: Site) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=4)
    ways: Any = ["bearer", token(watch(site).owner, exp=ends_at)]

    with (
        connect(site.socket_url, subprotocols=ways, proxy=None) as client,
        site.without_database(),
    ):
        assert closed(client, within=10) == 4401


def test_whatever_else_is_asked_is_unavailable_and_changes_nothing(site: Site) -> None:
    known = read_before(site)
    key = api_key(site, f"writes {uuid4()}")
    assert site.ask(known.path, key).status_code == 200
    one = f"/api/integrations/{known.id}"
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/api/integrations", None),
        ("GET", one, None),
        ("PATCH", one, {"enabled": False}),
        ("DELETE", one, None),
        ("GET", f"{known.path}/history", None),
        ("POST", f"{known.path}/check", {}),
        ("POST", f"{one}/reauthenticate", {}),
        ("GET", "/api/alerts", None),
        ("GET", "/api/incidents", None),
    ]
    watched = "SELECT i.*::text, h.*::text FROM user_integrations i JOIN "
    watched += "integration_health_checks h ON h.integration_id = i.id WHERE i.id = %s"
    before = site.rows(watched, known.id)

    with site.without_database():
        answers = {
            (method, path, proof[:3]): site.ask(path, proof, method=method, json=body)
            for method, path, body in requests
            for proof in (token(known.owner), key)
        }

    assert [what for what, answer in answers.items() if not is_unavailable(answer)] == []
    assert site.rows(watched, known.id) == before


def test_a_page_says_what_to_do(site: Site) -> None:
    with site.without_database():
        pages = [
            site.ask("/", headers={"Cookie": f"sessionid={'a' * 32}"}),
            site.ask("/admin/", headers={"Cookie": f"sessionid={'a' * 32}"}),
            site.ask("/admin/login/", headers={"Cookie": f"sessionid={'a' * 32}"}),
            site.ask(f"/integrations/{uuid4()}/", headers={"Cookie": f"sessionid={'a' * 32}"}),
            sign_in(site),
        ]
        alive, ready = site.ask("/healthz"), site.ask("/readyz")

    assert [page.status_code for page in pages] == [503] * len(pages)
    for page in pages:
        assert "Wait half a minute, then try again" in page.text
        assert 15 <= int(page.headers["Retry-After"]) <= 45
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert "Traceback" not in site.web.log()


def test_prometheus_is_told_so_and_what_is_known_all_the_same(site: Site) -> None:
    def told() -> dict[str, float]:
        answer = site.ask("/metrics", keys.SECRET)
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.text)
        samples = [sample for family in families for sample in family.samples]
        # Of most families one is enough; of sources it is each.
        return {one.name + one.labels.get("source", ""): one.value for one in samples}

    known = read_before(site)
    up = "integration_health_source_up"
    before = told()

    with site.without_database():
        site.ask(known.path, token(known.owner))
        began = time.monotonic()
        without = told()
        took = time.monotonic() - began

    assert (before[f"{up}postgresql"], before[f"{up}redis"]) == (1, 1)
    assert before["django_db_execute_total"] > 0
    assert (without[f"{up}postgresql"], without[f"{up}redis"]) == (0, 1)
    assert "integration_health_overdue" not in without
    assert without["integration_health_last_known_answers_total"] >= 1
    assert took < 5


def test_without_redis_too_it_is_unavailable_and_back_with_both(site: Site) -> None:
    known = read_before(site)

    with site.without_database():
        with site.without_redis():
            lost = site.ask(known.path, token(known.owner))
        wait_until(
            lambda: "Redis" not in site.ask("/readyz").json()["redis"],
            seconds=20,
            what="Redis is reached again",
        )
        flushed = site.ask(known.path, token(known.owner))

    assert is_unavailable(lost)
    assert is_unavailable(flushed)
