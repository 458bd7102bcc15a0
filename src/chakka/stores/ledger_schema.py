"""The tables of a ledger in SQLite, as numbered migrations. One that was released is never changed."""

import sqlite3
from collections.abc import Callable, Iterator

import msgspec

from chakka.records.final import final_of
from chakka.records.fold import CallEntries, beginning, fold
from chakka.stores.ledger_values import FINAL_COLUMNS, final_row

_STATE = msgspec.msgpack.Decoder(CallEntries)

_FIRST = """
-- Journal entries that were taken: sequences [first, last] of one boot of one node.
CREATE TABLE delivered (
    node TEXT NOT NULL, boot INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (node, boot, first)
) WITHOUT ROWID;
-- When a node was last heard of, by its own clocks.
CREATE TABLE proof_of_life (
    node TEXT NOT NULL, boot INTEGER NOT NULL, at_ms INTEGER NOT NULL, monotonic_ms INTEGER NOT NULL,
    PRIMARY KEY (node, boot)
) WITHOUT ROWID;
-- One row for each call; `record` is null while only later entries of it are known.
CREATE TABLE records (
    call_id TEXT PRIMARY KEY, number TEXT, reason TEXT, arrived_at_ms INTEGER, answered_at_ms INTEGER,
    released_at_ms INTEGER, conversation_ms INTEGER, record TEXT, entries BLOB NOT NULL
);
CREATE INDEX records_by_number ON records (number, arrived_at_ms);
CREATE INDEX records_by_arrival ON records (arrived_at_ms);
CREATE INDEX records_open ON records (answered_at_ms) WHERE released_at_ms IS NULL;
-- One row for each answered call that has ended: what it costs, or why that cannot be said.
CREATE TABLE rated (
    call_id TEXT PRIMARY KEY REFERENCES records, number TEXT NOT NULL, usage_month TEXT NOT NULL,
    units INTEGER, amount_uy INTEGER, tariff_version TEXT NOT NULL, rule TEXT,
    assumed TEXT NOT NULL, suspense TEXT
);
CREATE INDEX rated_by_month ON rated (usage_month, number);
-- Entries that contradict an earlier one of the same call.
CREATE TABLE conflicts (
    call_id TEXT NOT NULL, node TEXT NOT NULL, boot INTEGER NOT NULL, sequence INTEGER NOT NULL,
    entry TEXT NOT NULL, PRIMARY KEY (call_id, node, boot, sequence)
) WITHOUT ROWID;
-- Entries that are whole but that this version cannot read, kept for one that can.
CREATE TABLE unreadable (
    node TEXT NOT NULL, boot INTEGER NOT NULL, sequence INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (node, boot, sequence)
) WITHOUT ROWID;
"""

# Records of an older chakka do not say it: it had calls to freephone numbers alone.
_KINDS = """
CREATE INDEX records_by_kind ON records (
    coalesce(json_extract(record, '$.facts.kind'), 'freephone'), arrived_at_ms
);
"""

_FLAT = """
-- One row for each call: what is held of it. `content` is a hash of what the record says, `day` the JST day
-- of the answer, else of the arrival, as a date ordinal. Its rows stand in the order in which they came,
-- whatever their call ids, and its indexes are short.
CREATE TABLE finals (
    source TEXT NOT NULL, sequence INTEGER NOT NULL, call_id TEXT NOT NULL, number TEXT NOT NULL,
    arrived_at_ms INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, rating_class TEXT NOT NULL,
    carrier_group TEXT, charge_area TEXT, prefecture TEXT, destination TEXT, home_area TEXT,
    answered_at_ms INTEGER, conversation_ms INTEGER, is_confirmed INTEGER NOT NULL, fault INTEGER NOT NULL,
    estimated INTEGER NOT NULL, correction INTEGER NOT NULL, caller BLOB, caller_tag BLOB,
    is_open INTEGER NOT NULL, content INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (call_id)
);
CREATE INDEX finals_by_number ON finals (number, arrived_at_ms);
CREATE INDEX finals_by_day ON finals (day, arrived_at_ms);
CREATE INDEX finals_open ON finals (day) WHERE is_open = 1;
-- Records of a call that another one took the place of (`superseded`), or that contradict it (`conflict`).
CREATE TABLE rivals (
    call_id TEXT NOT NULL, source TEXT NOT NULL, sequence INTEGER NOT NULL, content INTEGER NOT NULL,
    standing TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY (call_id, source, sequence, content)
) WITHOUT ROWID;
-- Parts of the records of calls that their switch records in parts.
CREATE TABLE partials (
    call_id TEXT NOT NULL, source TEXT NOT NULL, sequence INTEGER NOT NULL, content INTEGER NOT NULL,
    part BLOB NOT NULL, PRIMARY KEY (call_id, source, sequence, content)
) WITHOUT ROWID;
-- Rows of record files that cannot be believed or read.
CREATE TABLE set_aside (
    source TEXT NOT NULL, content INTEGER NOT NULL, sequence INTEGER, at_ms INTEGER, reason TEXT NOT NULL,
    message TEXT NOT NULL, row BLOB NOT NULL, PRIMARY KEY (source, content)
) WITHOUT ROWID;
-- Calls of a source by minute: how many records say so, and how many the source itself counted.
CREATE TABLE minutes (
    source TEXT NOT NULL, minute_ms INTEGER NOT NULL, arrived INTEGER NOT NULL, answered INTEGER NOT NULL,
    counted_calls INTEGER NOT NULL, counted_answered INTEGER NOT NULL, PRIMARY KEY (source, minute_ms)
) WITHOUT ROWID;
-- The last minute that a source counted, and whether it said that all of it is counted.
CREATE TABLE counted (
    source TEXT PRIMARY KEY, minute_ms INTEGER NOT NULL, is_whole INTEGER NOT NULL
) WITHOUT ROWID;
-- Entries of the journal by call. What they come to stands in `finals`.
CREATE TABLE journalled (call_id TEXT PRIMARY KEY, entries BLOB NOT NULL);
INSERT INTO journalled SELECT call_id, entries FROM records ORDER BY call_id;
-- One row for each call that is charged: what it costs, or why that cannot be said.
CREATE TABLE charged (
    call_id TEXT NOT NULL, number TEXT NOT NULL, usage_month TEXT NOT NULL, units INTEGER, amount_uy INTEGER,
    tariff_version TEXT NOT NULL, rule TEXT, assumed TEXT NOT NULL, suspense TEXT, rating_class TEXT NOT NULL,
    conversation_ms INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (call_id)
) WITHOUT ROWID;
INSERT INTO charged
    SELECT rated.call_id, rated.number, usage_month, units, amount_uy, tariff_version, rule, assumed,
        suspense, coalesce(iif(assumed LIKE '%class%', 'fixed', NULL),
            json_extract(record, '$.facts.attempt.rating_class'), 'unknown'),
        conversation_ms, (answered_at_ms + 32400000) / 86400000 + 719163
    FROM rated JOIN records ON records.call_id = rated.call_id ORDER BY rated.call_id;
DROP TABLE rated;
ALTER TABLE charged RENAME TO rated;
DROP TABLE records;
CREATE INDEX rated_in_suspense ON rated (usage_month) WHERE suspense IS NOT NULL;
-- Sums of `rated` without what is in suspense.
CREATE TABLE totals (
    number TEXT NOT NULL, usage_month TEXT NOT NULL, rating_class TEXT NOT NULL, calls INTEGER NOT NULL,
    units INTEGER NOT NULL, conversation_ms INTEGER NOT NULL, amount_uy INTEGER NOT NULL,
    PRIMARY KEY (number, usage_month, rating_class)
) WITHOUT ROWID;
INSERT INTO totals
    SELECT number, usage_month, rating_class, count(*), sum(units), sum(conversation_ms), sum(amount_uy)
    FROM rated WHERE suspense IS NULL GROUP BY 1, 2, 3;
"""

_SPENT = """
-- Sums of `rated` by JST day of the answer, without what is in suspense.
CREATE TABLE day_totals (
    day INTEGER NOT NULL, number TEXT NOT NULL, calls INTEGER NOT NULL, amount_uy INTEGER NOT NULL,
    PRIMARY KEY (day, number)
) WITHOUT ROWID;
INSERT INTO day_totals
    SELECT day, number, count(*), sum(amount_uy) FROM rated WHERE suspense IS NULL GROUP BY 1, 2;
-- Numbers whose callers the money guard tells apart, and the JST day for which it does.
CREATE TABLE watched (number TEXT PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID;
-- The same sums by caller, of the numbers and days that are watched.
CREATE TABLE caller_totals (
    number TEXT NOT NULL, day INTEGER NOT NULL, caller_tag TEXT NOT NULL, calls INTEGER NOT NULL,
    amount_uy INTEGER NOT NULL, PRIMARY KEY (number, day, caller_tag)
) WITHOUT ROWID;
-- What the money guard has said: once for each cap, period, caller and percentage.
CREATE TABLE warnings (
    number TEXT NOT NULL, scope TEXT NOT NULL, period TEXT NOT NULL, percent INTEGER NOT NULL,
    cap_yen INTEGER NOT NULL, caller_tag TEXT NOT NULL, at_ms INTEGER NOT NULL, spent_uy INTEGER NOT NULL,
    PRIMARY KEY (number, scope, period, percent, cap_yen, caller_tag)
) WITHOUT ROWID;
"""


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in _statements(script):
        connection.execute(statement)


def _flatten(connection: sqlite3.Connection) -> None:
    """Make flat rows of the records that an older chakka kept whole."""
    _run(connection, _FLAT)
    places = ", ".join("?" * len(FINAL_COLUMNS))
    insert = f"INSERT INTO finals ({', '.join(FINAL_COLUMNS)}) VALUES ({places})"
    for _, entries in connection.execute("SELECT call_id, entries FROM journalled ORDER BY call_id"):
        state = _STATE.decode(entries)
        record, first = fold(state), beginning(state)
        if record is not None and first is not None:
            # Where the line is that answered is looked up when it is needed.
            connection.execute(insert, final_row(final_of(record, first.key, None)))
    connection.execute(
        "INSERT INTO minutes SELECT source, minute_ms, sum(arrived), sum(answered), 0, 0 FROM ("
        " SELECT source, arrived_at_ms / 60000 * 60000 AS minute_ms, 1 AS arrived, 0 AS answered FROM finals"
        " UNION ALL SELECT source, answered_at_ms / 60000 * 60000, 0, 1 FROM finals"
        " WHERE answered_at_ms IS NOT NULL) GROUP BY 1, 2"
    )


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    lambda connection: _run(connection, _FIRST),
    lambda connection: _run(connection, _KINDS),
    _flatten,
    lambda connection: _run(connection, _SPENT),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger to the newest schema, in one transaction: another process may be at it as well."""
    if is_up_to_date(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in MIGRATIONS[_version(connection) :]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_up_to_date(connection: sqlite3.Connection) -> bool:
    """Return whether a ledger has the newest schema."""
    return _version(connection) == len(MIGRATIONS)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """Yield statement by statement: `executescript` would end the transaction before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
