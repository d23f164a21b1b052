"""The statement with which a worker takes integrations to check."""

from integrations_health.health_rows import COLUMNS

# Rows whose last claim never came back (crash_count > 0) are suspects: taken one at a time, so that
# the one that kills its worker takes no other row with it. After a crash they are many and the
# oldest; a coin says whose turn it is, so that neither they nor the others wait for the rest.
# SKIP LOCKED: a claim never waits.
_CLAIM = """
WITH oldest AS (
    SELECT h.id, h.crash_count FROM integration_health_checks h
    WHERE {which} ORDER BY h.next_check_at LIMIT %(limit)b::bigint
), clean AS (
    SELECT {columns} FROM integration_health_checks h
    WHERE {which} AND h.crash_count = 0 AND NOT (
        %(is_turn_of_suspects)b::boolean AND EXISTS (SELECT FROM oldest WHERE crash_count > 0))
    ORDER BY h.next_check_at LIMIT %(limit)b::bigint FOR UPDATE SKIP LOCKED
), suspect AS (
    SELECT {columns} FROM integration_health_checks h
    WHERE {which} AND h.id IN (SELECT id FROM oldest WHERE crash_count > 0)
        AND NOT EXISTS (SELECT FROM clean)
    ORDER BY h.next_check_at LIMIT 1 FOR UPDATE SKIP LOCKED
), chosen AS (
    SELECT * FROM clean UNION ALL SELECT * FROM suspect
)
UPDATE integration_health_checks h
SET check_seq = h.check_seq + 1,
    slot_at = due_at,
    -- Of the common case no indexed column is written, so that PostgreSQL updates in place (HOT).
    leased_until = CASE WHEN is_poison THEN NULL ELSE now + %(lease)b::interval END,
    next_check_at = CASE WHEN is_poison THEN now + %(parked_for)b::interval ELSE due_at END,
    -- One more try after the hour; if that crashes too, it is parked again.
    crash_count = CASE WHEN is_poison THEN %(crashes)b::smallint - 1 ELSE h.crash_count + 1 END,
    parked_at = CASE WHEN is_poison THEN now END,
    applied_seq = CASE WHEN is_poison THEN h.check_seq + 1 ELSE h.applied_seq END,
    status = CASE WHEN is_poison THEN 'unknown' ELSE h.status END,
    status_since = CASE WHEN is_poison AND h.status <> 'unknown' THEN now ELSE h.status_since END,
    consecutive_failures = CASE WHEN is_poison THEN 0 ELSE h.consecutive_failures END,
    failing_streak = CASE WHEN is_poison THEN 0 ELSE h.failing_streak END,
    error_code = CASE WHEN is_poison THEN %(crash_code)b::text ELSE h.error_code END,
    error_message = CASE WHEN is_poison THEN %(crash_message)b::text ELSE h.error_message END,
    state_version = CASE WHEN is_poison THEN h.state_version + 1 ELSE h.state_version END
FROM chosen JOIN user_integrations i ON i.id = chosen.integration_id
WHERE h.id = chosen.id
RETURNING {state}, now, (SELECT count(*) FROM oldest), is_poison, h.provider,
    i.server_instance_id, i.provider_user_id, i.auth_config_id, i.server_url, i.server_token,
    i.probe_tool, i.probe_arguments,
    h.status <> 'healthy' OR h.suspected_at IS NOT NULL OR i.probe_policy = 'always'
        OR (i.probe_policy = 'every_nth' AND h.check_seq %% i.probe_every = 0),
    h.last_check_at IS NOT NULL AND h.status <> 'unknown',
    GREATEST(h.active_since, i.connected_at)
"""
_IS_FREE = """
    (h.leased_until IS NULL OR h.leased_until <= COALESCE(%(now)b::timestamptz, now()))
"""
_IS_DUE = f"""
    h.provider = %(provider)b::text AND h.enabled
    AND h.next_check_at <= COALESCE(%(now)b::timestamptz, now()) AND {_IS_FREE}
"""
_IS_THE_ONE = f"h.integration_id = %(integration_id)b::uuid AND {_IS_FREE}"
_COLUMNS = """
    h.id, h.integration_id, h.next_check_at AS due_at,
    h.crash_count >= %(crashes)b::smallint AS is_poison,
    COALESCE(%(now)b::timestamptz, now()) AS now
"""
CLAIM_DUE = _CLAIM.format(which=_IS_DUE, columns=_COLUMNS, state=COLUMNS)
CLAIM_ONE = _CLAIM.format(which=_IS_THE_ONE, columns=_COLUMNS, state=COLUMNS)
