# SPDX-License-Identifier: Apache-2.0
"""A record that an older program wrote: readers say what to do, and that brings it up to date."""
import sqlite3

from tap import check, done, etappe, folder, report, test

FIRST_TABLES = {"meta", "name", "space", "batch", "import", "change", "link", "setting", "tombstone", "hidden", "audit"}


def to_version_1(db):
    """As the first program left it: what later versions added is taken away."""
    with sqlite3.connect(db) as record:
        tables = [name for name, in record.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        for name in tables:
            if name not in FIRST_TABLES:
                record.execute(f"DROP TABLE {name}")
        record.execute("PRAGMA user_version = 1")


@test
def doctor_brings_it_up_to_date():
    with folder() as path:
        db, rows = path / "a.db", path / "a.csv"
        rows.write_text("person,time,event\na,2026-01-01T10:00:00Z,page\nb,2026-01-01T11:00:00Z,order\n")
        etappe("import", rows, "--map", "person=person", "--map", "time=time", "--map", "event=event", db=db)
        before = etappe("overview", "--format", "json", db=db).stdout
        to_version_1(db)
        refused = etappe("overview", db=db, expect=1).stderr
        check("a record of version 1, older than this program" in refused, True, refused)
        check("etappe doctor brings it up to date" in refused, True, refused)
        told = etappe("doctor", db=db).stdout
        check("brought up to date" in told, True, told)
        check(etappe("overview", "--format", "json", db=db).stdout, before)
        check("brought" in etappe("doctor", db=db).stdout, False)


@test
def a_writer_brings_it_up_to_date_as_well():
    with folder() as path:
        db, rows = path / "a.db", path / "a.csv"
        rows.write_text("person,time,event\na,2026-01-01T10:00:00Z,page\n")
        maps = ["--map", "person=person", "--map", "time=time", "--map", "event=event"]
        etappe("import", rows, *maps, db=db)
        to_version_1(db)
        rows.write_text("person,time,event\nb,2026-01-02T10:00:00Z,page\n")
        etappe("import", rows, *maps, db=db)
        check(report("overview", db=db)["events"], 2)


done()
