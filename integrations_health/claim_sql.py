"""The statements with which a worker takes integrations to check, and with which claims end.

A claim writes no integration's row. It is one row of `claimed_batches` that names what was taken,
each with the number that its result will have: the row's `check_seq` and one. Who is named so is
being checked; as soon as `check_seq` moves on, the name says nothing any more.
"""

from integrations_health.health_rows import COLUMNS

_NOW = "COALESCE(%(now)b::timestamptz, now())"
# Of many rows. Read as one set, however many rows ask: `NOT IN` is hashed.
_IS_NOT_HELD = """
    (h.integration_id, h.check_seq + 1) NOT IN (
        SELECT unnest(held.integration_ids), unnest(held.check_seqs) FROM claimed_batches held
        {where})
"""
IS_FREE = _IS_NOT_HELD.format(where="WHERE held.leased_until > {now}")
# Of one row: it is looked for in each batch, and nothing is unpacked.
IS_HELD = """
    EXISTS (
        SELECT FROM claimed_batches held
        WHERE h.integration_id = ANY(held.integration_ids) AND held.check_seqs[
            array_position(held.integration_ids, h.integration_id)] = h.check_seq + 1 {lease})
"""
# What a claim finds held although its lease is over could not be reaped: it stays held.
_IS_DUE = f"""
    h.provider = %(provider)b::text AND h.enabled AND h.next_check_at <= {_NOW}
    AND {_IS_NOT_HELD.format(where="")}
"""
_TAKEN = f"""
    SELECT {COLUMNS},
        -- In the order of a CheckTarget, after the service.
        i.server_instance_id, i.provider_user_id,
        i.auth_config_id, i.server_url, i.server_token, i.probe_tool, i.probe_arguments,
        h.status <> 'healthy' OR h.suspected_at IS NOT NULL OR i.probe_policy = 'always'
            OR (i.probe_policy = 'every_nth' AND (h.ok_streak + 1) %% i.probe_every = 0)
            AS is_probe_due,
        h.last_check_at IS NOT NULL AND h.status <> 'unknown' AS was_connected,
        GREATEST(h.active_since, i.connected_at) AS connected_at
    FROM integration_health_checks h JOIN user_integrations i ON i.id = h.integration_id
"""
# Whoever holds a row for long would keep the results of its whole batch from being written.
_SKIP = "FOR UPDATE OF h SKIP LOCKED"
_CLAIM = f"""
WITH {{chosen}}, batch AS (
    INSERT INTO claimed_batches (provider, leased_until, integration_ids, check_seqs)
    SELECT min(provider), {_NOW} + %(lease)b::interval,
        array_agg(integration_id), array_agg(check_seq + 1)
    FROM chosen HAVING count(*) > 0 RETURNING id
)
SELECT chosen.*, batch.id, {{waiting}} FROM chosen, batch
"""
# Rows whose last claim never came back (crash_count > 0) are suspects: taken one at a time, so that
# the one that kills its worker takes no other row with it. After a crash they are many and the
# oldest; a coin says whose turn it is, so that neither they nor the others wait for the rest.
CLAIM_DUE = _CLAIM.format(
    chosen=f"""
suspects AS MATERIALIZED (
    {_TAKEN} WHERE {_IS_DUE} AND h.crash_count > 0
    ORDER BY h.next_check_at LIMIT 2 {_SKIP}
), clean AS MATERIALIZED (
    {_TAKEN} WHERE {_IS_DUE} AND h.crash_count = 0
        AND NOT (%(is_turn_of_suspects)b::boolean AND EXISTS (SELECT FROM suspects))
    ORDER BY h.next_check_at LIMIT %(limit)b::bigint {_SKIP}
), chosen AS NOT MATERIALIZED (
    SELECT * FROM clean
    UNION ALL (SELECT * FROM suspects WHERE NOT EXISTS (SELECT FROM clean) LIMIT 1)
)""",
    waiting="(SELECT count(*) FROM suspects)",
)
CLAIM_ONE = _CLAIM.format(
    chosen=f"""
chosen AS MATERIALIZED (
    {_TAKEN} WHERE h.integration_id = %(integration_id)b::uuid AND NOT {IS_HELD.format(lease="")}
    {_SKIP}
)""",
    waiting="0",
)
# Two claims of one provider at once would take the same rows: each sees only what was committed.
_LOCK = f"""
SELECT h.provider, pg_advisory_xact_lock(%(lock)b::int, hashtext(h.provider)), {_NOW},
    EXISTS (SELECT FROM claimed_batches lost
            WHERE lost.provider = h.provider AND lost.leased_until <= {_NOW}) AS is_to_reap
"""
LOCK_PROVIDER = f"{_LOCK} FROM (SELECT %(provider)b::text AS provider) h"
LOCK_PROVIDER_OF = f"""
{_LOCK} FROM integration_health_checks h WHERE h.integration_id = %(integration_id)b::uuid
"""
# Whoever holds a row that a dead worker had must not keep the provider's others waiting.
HURRY = "SET LOCAL lock_timeout = '100ms'"
# The claims of dead workers. What did not come back is marked, and its number is used up.
REAP = f"""
WITH dead AS (
    DELETE FROM claimed_batches
    WHERE provider = %(provider)b::text AND leased_until <= {_NOW}
    RETURNING integration_ids, check_seqs
), lost AS (
    SELECT unnest(integration_ids) AS integration_id, unnest(check_seqs) AS check_seq FROM dead
), locked AS (
    SELECT h.integration_id, h.crash_count + 1 >= %(crashes)b::smallint AS is_poison, {_NOW} AS now
    FROM integration_health_checks h JOIN lost USING (integration_id)
    WHERE h.check_seq + 1 = lost.check_seq
    ORDER BY h.integration_id FOR UPDATE OF h
)
UPDATE integration_health_checks h
SET check_seq = h.check_seq + 1,
    -- One more try after the hour; if that crashes too, it is parked again.
    crash_count = CASE WHEN is_poison THEN %(crashes)b::smallint - 1 ELSE h.crash_count + 1 END,
    next_check_at = CASE WHEN is_poison THEN now + %(parked_for)b::interval
        ELSE h.next_check_at END,
    parked_at = CASE WHEN is_poison THEN now END,
    status = CASE WHEN is_poison THEN 'unknown' ELSE h.status END,
    status_since = CASE WHEN is_poison AND h.status <> 'unknown' THEN now ELSE h.status_since END,
    consecutive_failures = CASE WHEN is_poison THEN 0 ELSE h.consecutive_failures END,
    failing_streak = CASE WHEN is_poison THEN 0 ELSE h.failing_streak END,
    error_code = CASE WHEN is_poison THEN %(crash_code)b::text ELSE h.error_code END,
    error_message = CASE WHEN is_poison THEN %(crash_message)b::text ELSE h.error_message END,
    state_version = CASE WHEN is_poison THEN h.state_version + 1 ELSE h.state_version END
FROM locked
WHERE h.integration_id = locked.integration_id
RETURNING h.integration_id, h.user_id, is_poison
"""
HOLD = """
UPDATE claimed_batches SET leased_until = COALESCE(%b::timestamptz, now()) + %b::interval
WHERE id = %b
"""
FINISH = "DELETE FROM claimed_batches WHERE id = %b"
