"""What PostgreSQL makes of the statement of a claim."""

from datetime import datetime

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from integrations_health.claim_sql import CLAIM_DUE
from tests import factories

pytestmark = pytest.mark.django_db

_WORKERS = """
INSERT INTO claimed_batches (provider, leased_until, integration_ids, check_seqs)
SELECT 'composio', %s,
    ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 1000) WHERE worker > 0),
    ARRAY(SELECT n FROM generate_series(1, 1000) AS n)
FROM generate_series(1, 8) AS worker
"""
_DEAD = """
WITH claims AS (SELECT FROM generate_series(1, 5000))
INSERT INTO claimed_batches (provider, leased_until, integration_ids, check_seqs)
SELECT 'klavis', %s, ARRAY[gen_random_uuid()], ARRAY[1] FROM claims
"""


def test_what_is_held_is_hashed_however_many_dead_claims_lie_beside_it(now: datetime) -> None:
    lease_ends = now + settings.CHECK_LEASE
    factories.integration()
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, [lease_ends])
        cursor.execute("ANALYZE claimed_batches")
        # Between two vacuums each claim that ended leaves a dead row, and the pages are counted.
        cursor.execute(_DEAD, [lease_ends])
        cursor.execute("DELETE FROM claimed_batches WHERE provider = 'klavis'")

    plan = _plan(now)

    assert "hashed SubPlan" in plan, plan
    assert "(SubPlan" not in plan, plan


def _plan(now: datetime) -> str:
    arguments = {
        "provider": "composio",
        "limit": 1000,
        "lease": settings.CHECK_LEASE,
        "is_turn_of_suspects": False,
        "now": now,
    }
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("EXPLAIN " + CLAIM_DUE, arguments)
        return "\n".join(line for (line,) in cursor.fetchall())
