"""The tables of a ledger in PostgreSQL, as numbered migrations. One that was released is never changed.

They are those of SQLite (`ledger_schema`); `finals` and `rated` are cut by JST day, so that a month can be
filled, read and dropped without touching the others. Texts sort by their octets, as they do in SQLite.
"""

import psycopg

SCHEMA = "ledger"
# Whoever holds it writes. Any number does; these are the first octets of SHA-256 of "chakka ledger".
WRITER_LOCK = 0x603C_1202_5E8B_E53B

_TEXT = 'text COLLATE "C"'

_FIRST = f"""
CREATE TABLE delivered (
    node {_TEXT} NOT NULL, boot bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
    PRIMARY KEY (node, boot, first)
);
CREATE TABLE proof_of_life (
    node {_TEXT} NOT NULL, boot bigint NOT NULL, at_ms bigint NOT NULL, monotonic_ms bigint NOT NULL,
    PRIMARY KEY (node, boot)
);
CREATE TABLE journalled (call_id {_TEXT} PRIMARY KEY, entries bytea NOT NULL);
CREATE TABLE conflicts (
    call_id {_TEXT} NOT NULL, node {_TEXT} NOT NULL, boot bigint NOT NULL, sequence bigint NOT NULL,
    entry text NOT NULL, PRIMARY KEY (call_id, node, boot, sequence)
);
CREATE TABLE unreadable (
    node {_TEXT} NOT NULL, boot bigint NOT NULL, sequence bigint NOT NULL, payload bytea NOT NULL,
    PRIMARY KEY (node, boot, sequence)
);
CREATE TABLE finals (
    source {_TEXT} NOT NULL, sequence bigint NOT NULL, call_id {_TEXT} NOT NULL, number {_TEXT} NOT NULL,
    arrived_at_ms bigint NOT NULL, kind {_TEXT} NOT NULL, reason {_TEXT} NOT NULL,
    rating_class {_TEXT} NOT NULL, carrier_group {_TEXT}, charge_area {_TEXT}, prefecture {_TEXT},
    destination {_TEXT}, home_area {_TEXT}, answered_at_ms bigint, conversation_ms bigint,
    is_confirmed bigint NOT NULL, fault bigint NOT NULL, estimated bigint NOT NULL,
    correction bigint NOT NULL, caller bytea, caller_tag bytea, is_open bigint NOT NULL,
    content bigint NOT NULL, day bigint NOT NULL, PRIMARY KEY (call_id, day)
) PARTITION BY LIST (day);
CREATE INDEX finals_by_number ON finals (number, arrived_at_ms);
CREATE INDEX finals_by_day ON finals (day, arrived_at_ms);
CREATE INDEX finals_open ON finals (day) WHERE is_open = 1;
-- Between which call ids the calls of a day lie, so that a call is looked for on few days.
CREATE TABLE days (day bigint PRIMARY KEY, first_call_id {_TEXT} NOT NULL, last_call_id {_TEXT} NOT NULL);
CREATE TABLE rivals (
    call_id {_TEXT} NOT NULL, source {_TEXT} NOT NULL, sequence bigint NOT NULL, content bigint NOT NULL,
    standing {_TEXT} NOT NULL, record bytea NOT NULL, PRIMARY KEY (call_id, source, sequence, content)
);
CREATE TABLE partials (
    call_id {_TEXT} NOT NULL, source {_TEXT} NOT NULL, sequence bigint NOT NULL, content bigint NOT NULL,
    part bytea NOT NULL, PRIMARY KEY (call_id, source, sequence, content)
);
CREATE TABLE set_aside (
    source {_TEXT} NOT NULL, content bigint NOT NULL, sequence bigint, at_ms bigint, reason {_TEXT} NOT NULL,
    message text NOT NULL, row bytea NOT NULL, PRIMARY KEY (source, content)
);
CREATE TABLE minutes (
    source {_TEXT} NOT NULL, minute_ms bigint NOT NULL, arrived bigint NOT NULL, answered bigint NOT NULL,
    counted_calls bigint NOT NULL, counted_answered bigint NOT NULL, PRIMARY KEY (source, minute_ms)
);
CREATE TABLE counted (source {_TEXT} PRIMARY KEY, minute_ms bigint NOT NULL, is_whole bigint NOT NULL);
CREATE TABLE rated (
    call_id {_TEXT} NOT NULL, number {_TEXT} NOT NULL, usage_month {_TEXT} NOT NULL, units bigint,
    amount_uy bigint, tariff_version {_TEXT} NOT NULL, rule {_TEXT}, assumed {_TEXT} NOT NULL,
    suspense {_TEXT}, rating_class {_TEXT} NOT NULL, conversation_ms bigint NOT NULL, day bigint NOT NULL,
    PRIMARY KEY (call_id, day)
) PARTITION BY LIST (day);
CREATE INDEX rated_in_suspense ON rated (usage_month) WHERE suspense IS NOT NULL;
CREATE TABLE totals (
    number {_TEXT} NOT NULL, usage_month {_TEXT} NOT NULL, rating_class {_TEXT} NOT NULL,
    calls bigint NOT NULL, units bigint NOT NULL, conversation_ms bigint NOT NULL, amount_uy bigint NOT NULL,
    PRIMARY KEY (number, usage_month, rating_class)
);
"""

_SPENT = f"""
CREATE TABLE day_totals (
    day bigint NOT NULL, number {_TEXT} NOT NULL, calls bigint NOT NULL, amount_uy bigint NOT NULL,
    PRIMARY KEY (day, number)
);
INSERT INTO day_totals
    SELECT day, number, count(*), sum(amount_uy) FROM rated WHERE suspense IS NULL GROUP BY 1, 2;
CREATE TABLE watched (number {_TEXT} PRIMARY KEY, day bigint NOT NULL);
CREATE TABLE caller_totals (
    number {_TEXT} NOT NULL, day bigint NOT NULL, caller_tag {_TEXT} NOT NULL, calls bigint NOT NULL,
    amount_uy bigint NOT NULL, PRIMARY KEY (number, day, caller_tag)
);
CREATE TABLE warnings (
    number {_TEXT} NOT NULL, scope {_TEXT} NOT NULL, period {_TEXT} NOT NULL, percent bigint NOT NULL,
    cap_yen bigint NOT NULL, caller_tag {_TEXT} NOT NULL, at_ms bigint NOT NULL, spent_uy bigint NOT NULL,
    PRIMARY KEY (number, scope, period, percent, cap_yen, caller_tag)
);
"""

MIGRATIONS = (_FIRST, _SPENT)


def migrate(connection: psycopg.Connection) -> None:
    """Bring a ledger to the newest schema, in one transaction: another process may be at it as well."""
    if is_up_to_date(connection):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.migrations (version bigint PRIMARY KEY)")
        for version in range(_version(connection), len(MIGRATIONS)):
            connection.execute(MIGRATIONS[version].encode())
            connection.execute("INSERT INTO migrations VALUES (%s)", (version + 1,))


def is_up_to_date(connection: psycopg.Connection) -> bool:
    """Return whether a ledger has the newest schema."""
    found = connection.execute("SELECT to_regclass('migrations')").fetchone()
    return found is not None and found[0] is not None and _version(connection) == len(MIGRATIONS)


def _version(connection: psycopg.Connection) -> int:
    found = connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()
    return int(found[0]) if found else 0
