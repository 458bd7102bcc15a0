"""What the database itself refuses: to change or remove what was issued, whoever asks (charging.md §5).

SQLite copies a table to alter it and loses its triggers: a later migration that alters one of these tables
must end with `protect`; tests/portal/test_portal_final.py notices.
"""

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Of each table the columns that may still change.
FINAL_TABLES = {
    "billing_invoice": (),
    "billing_invoicelinerow": ("effective",),
    "billing_journalbatch": (),
    "billing_publishedtable": (),
}


def protect(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers, in place of those that are there."""
    statements = _postgresql if schema_editor.connection.vendor == "postgresql" else _sqlite
    for table, changing in FINAL_TABLES.items():
        with schema_editor.connection.cursor() as cursor:
            columns = [
                column.name
                for column in schema_editor.connection.introspection.get_table_description(cursor, table)
            ]
        for statement in statements(table, [column for column in columns if column not in changing]):
            schema_editor.execute(statement, params=None)


def _sqlite(table: str, columns: list[str]) -> list[str]:
    refusal = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are final'); END"
    return [
        f"DROP TRIGGER IF EXISTS {table}_keep",
        f"DROP TRIGGER IF EXISTS {table}_final",
        f"CREATE TRIGGER {table}_keep BEFORE DELETE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_final BEFORE UPDATE OF {_quoted(columns)} ON {table} {refusal}",
    ]


def _postgresql(table: str, columns: list[str]) -> list[str]:
    refusal = "FOR EACH STATEMENT EXECUTE FUNCTION chakka_final()"
    return [
        "CREATE OR REPLACE FUNCTION chakka_final() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % are final', TG_TABLE_NAME; END $$",
        f"CREATE OR REPLACE TRIGGER {table}_keep BEFORE DELETE OR TRUNCATE ON {table} {refusal}",
        f"CREATE OR REPLACE TRIGGER {table}_final BEFORE UPDATE OF {_quoted(columns)} ON {table} {refusal}",
    ]


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
