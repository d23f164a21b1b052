"""How long a status was observed, in SQL: the times in which nobody watched do not count."""

# A row `gaps(unwatched)`, null when somebody watched from %(starts)s to %(ends)s.
GAPS = """
gaps AS MATERIALIZED (
    SELECT range_agg(tstzrange(started_at, ended_at)) AS unwatched
    FROM monitoring_gaps WHERE started_at < %(ends)s AND ended_at > %(starts)s
)
"""
# Of a row with `began_at`, `ended_at`, and `unwatched` of GAPS.
SECONDS = """
CASE
    WHEN ended_at <= began_at THEN 0
    WHEN unwatched IS NULL THEN extract(epoch FROM ended_at - began_at)
    ELSE (
        SELECT COALESCE(sum(extract(epoch FROM upper(watched) - lower(watched))), 0)
        FROM unnest(tstzmultirange(tstzrange(began_at, ended_at)) - unwatched) AS watched
    )
END
"""
