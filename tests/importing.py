# SPDX-License-Identifier: Apache-2.0
"""What the tests of imports share: write a file, import it, ask what became of it."""
import ctypes
import json
import os
import pathlib

from tap import Skip, etappe, report

ROOT = pathlib.Path(__file__).resolve().parents[1]


def imported(file, *arguments, db, expect=0, **options):
    """Imports and returns the counts (with `imports` and `refusals`)."""
    files = file if isinstance(file, (list, tuple)) else [file]
    result = etappe("import", *files, *arguments, "--format", "json", db=db, expect=expect, **options)
    return json.loads(result.stdout)


def refused(file, *arguments, db, **options):
    """An import that must fail as a whole: returns its error {code, message, hint?}."""
    return imported(file, *arguments, db=db, expect=1, **options)["error"]


def counts(result):
    return [result[key] for key in ("read", "stored", "repeated", "conflicting", "refused")]


def events(db, where=None):
    """How many events there are (that match)."""
    return report("overview", *(["--where", where] if where else []), db=db)["events"]


def first_time(db):
    return report("overview", db=db)["from"]


def duckdb(sql):
    """Runs one statement in DuckDB, to write files that we cannot."""
    path = os.environ.get("ETAPPE_DUCKDB", ROOT / "deps" / "libduckdb.so")
    if not pathlib.Path(path).exists():
        raise Skip(f"no DuckDB at {path}")
    library = ctypes.CDLL(str(path))
    database, connection = ctypes.c_void_p(), ctypes.c_void_p()
    assert library.duckdb_open(None, ctypes.byref(database)) == 0
    assert library.duckdb_connect(database, ctypes.byref(connection)) == 0
    assert library.duckdb_query(connection, sql.encode(), None) == 0, sql
    library.duckdb_disconnect(ctypes.byref(connection))
    library.duckdb_close(ctypes.byref(database))
