"""The ledger's tables, as numbered migrations. A migration that was released is never changed."""

import sqlite3
from collections.abc import Iterable, Iterator

# Records of an older chakka do not say it: it had calls to freephone numbers alone.
KIND = "coalesce(json_extract(record, '$.facts.kind'), 'freephone')"

MIGRATIONS: tuple[str, ...] = (
    """
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
    """,
    f"CREATE INDEX records_by_kind ON records ({KIND}, arrived_at_ms);",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger to the newest schema, in one transaction: another process may be at it as well."""
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _version(connection)
        for statement in _statements(MIGRATIONS[done:]):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(scripts: Iterable[str]) -> Iterator[str]:
    """Yield statement by statement: `executescript` would end the transaction before it begins."""
    for script in scripts:
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""
