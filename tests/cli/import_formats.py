# SPDX-License-Identifier: Apache-2.0
"""Every kind of file that `etappe import` reads, each to the same events."""
import gzip
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess

from importing import counts, duckdb, events, first_time, imported, refused
from tap import PROGRAM, Skip, check, done, etappe, folder, report, test

ROWS = [("u1", "2025-03-01 10:00:00", "view", "Köln", ""), ("u1", "2025-03-01 11:00:00", "buy", "Köln", "12.50"),
        ("u2", "2025-03-02 09:30:00", "view", "Ägypten; „süß“, weit", ""), ("u2", "2025-03-02 10:00:00", "buy", "x", "1000.00")]
HEADER = ["user_id", "ts", "action", "city", "total"]


def table(separator=",", rows=ROWS, header=HEADER, newline="\n"):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text or "\n" in text else text
    return "".join(separator.join(map(cell, row)) + newline for row in [header, *rows])


def same_as_rows(path, *arguments, map_value=True, db=None):
    """The file gives the four events of ROWS."""
    with folder() as place:
        db = place / "x.db"
        result = imported(path, *(["--map", "value=total"] if map_value else []), *arguments, db=db)
        check(counts(result), [4, 4, 0, 0, 0], str(path))
        check(events(db), 4)
        check(events(db, 'properties.city = "Köln"'), 2)
        check(events(db, 'properties.city = "Ägypten; „süß“, weit"'), 1)
        check(events(db, "value = 12.5"), 1, "12.50")
        check(events(db, "value >= 1000"), 1, "1000.00")
        check(first_time(db), "2025-03-01T10:00:00.000Z")
        check(report("overview", db=db)["persons"], 2)


@test
def comma_semicolon_tab_and_bar_separate():
    with folder() as place:
        for name, separator in (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("bar", "|")):
            file = place / f"{name}.csv"
            file.write_text(table(separator), encoding="utf-8")
            same_as_rows(file, *(["--decimal", "point"] if separator == ";" else []))


@test
def the_separator_can_be_said():
    with folder() as place:
        file = place / "a.csv"
        file.write_text(table("^"), encoding="utf-8")
        same_as_rows(file, "--separator", "^")
        file.write_text("sep=;\n" + table(";"), encoding="utf-8")
        same_as_rows(file, "--decimal", "point")


@test
def line_ends_of_every_system():
    with folder() as place:
        for newline in ("\n", "\r\n", "\r"):
            file = place / "a.csv"
            file.write_bytes(table(newline=newline).encode())
            same_as_rows(file)
            file.write_bytes(table(newline=newline).encode().rstrip(b"\r\n"))
            same_as_rows(file)


@test
def encodings_are_found_out():
    with folder() as place:
        for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
            file = place / f"{name}.csv"
            file.write_bytes(table().encode(name))
            same_as_rows(file)


@test
def encodings_can_be_said():
    with folder() as place:
        for name in ("cp1250", "mac-roman", "utf-8", "cp1252"):
            file = place / f"{name}.csv"
            file.write_bytes(table().encode(name))
            same_as_rows(file, "--encoding", {"mac-roman": "macintosh"}.get(name, name))


@test
def latin_1_far_into_a_packed_file():
    with folder() as place:
        file = place / "a.csv.gz"
        rows = [(f"u{i}", "2025-01-01", "view", "plain") for i in range(20000)] + [("u", "2025-01-01", "view", "Köln")]
        file.write_bytes(gzip.compress(table(rows=rows, header=HEADER[:4]).encode("latin-1")))
        check(counts(imported(file, db=place / "x.db")), [20001, 20001, 0, 0, 0])
        check(events(place / "x.db", 'properties.city = "Köln"'), 1)


@test
def decimal_commas_are_found_out():
    rows = [(*row[:4], row[4].replace(".", ",")) for row in ROWS]
    thousands = [(*row[:4], {"1000,00": "1.000,00"}.get(row[4], row[4])) for row in rows]
    with folder() as place:
        for separator in (",", ";", "\t"):
            file = place / "a.csv"
            for content in (rows, thousands):
                file.write_text(table(separator, content), encoding="utf-8")
                same_as_rows(file)


@test
def whole_amounts_in_a_semicolon_file_are_ambiguous_to_nobody():
    with folder() as place:
        file = place / "a.csv"
        file.write_text("user;time;event;total\nu;2025-01-01;buy;1.234\nu;2025-01-02;buy;7\n")
        imported(file, "--map", "value=total", db=place / "x.db")
        check(events(place / "x.db", "value = 1234"), 1)
        imported(file, "--map", "value=total", "--decimal", "point", db=place / "y.db")
        check(events(place / "y.db", "value = 1.234"), 1)


@test
def currencies_beside_the_amount():
    with folder() as place:
        file = place / "a.csv"
        file.write_text("user,time,event,total\nu,2025-01-01,buy,12.50 €\nu,2025-01-02,buy,EUR 7\n")
        check(counts(imported(file, "--map", "value=total", db=place / "x.db")), [2, 2, 0, 0, 0])
        check(events(place / "x.db", "value = 12.5"), 1)


@test
def gzip_and_zstd():
    with folder() as place:
        file = place / "a.csv"
        file.write_text(table(), encoding="utf-8")
        packed = place / "a.csv.gz"
        packed.write_bytes(gzip.compress(file.read_bytes()))
        same_as_rows(packed)
        plain_name = place / "really-gzip.csv"
        shutil.copy(packed, plain_name)
        same_as_rows(plain_name)
        if not shutil.which("zstd"):
            raise Skip("no zstd program")
        subprocess.run(["zstd", "-q", str(file)], check=True)
        same_as_rows(place / "a.csv.zst")
        members = place / "two.csv.gz"
        half = len(table(rows=ROWS[:2]).encode())
        members.write_bytes(gzip.compress(file.read_bytes()[:half]) + gzip.compress(file.read_bytes()[half:]))
        same_as_rows(members)


def objects(rows=ROWS):
    return [{"user_id": row[0], "ts": row[1], "action": row[2], "city": row[3], **({"total": float(row[4])} if row[4] else {})} for row in rows]


@test
def flat_json_lines_and_lists():
    with folder() as place:
        file = place / "a.ndjson"
        file.write_text("".join(json.dumps(row) + "\n" for row in objects()))
        same_as_rows(file)
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\r\n\r\n" for row in objects()), encoding="utf-8")
        same_as_rows(file)
        file = place / "a.json"
        for indent in (None, 2):
            file.write_text(json.dumps(objects(), indent=indent))
            same_as_rows(file)
        file.write_text("\n".join(json.dumps(row, indent=1) for row in objects()))
        same_as_rows(file)
        packed = place / "b.json.gz"
        packed.write_bytes(gzip.compress(json.dumps(objects()).encode()))
        same_as_rows(packed)


@test
def rare_json_keys_may_be_mapped_and_wrong_ones_are_named():
    with folder() as place:
        file = place / "a.ndjson"
        file.write_text("".join(json.dumps({"who": "u", "ts": 1740823200 + i, "did": "x"}) + "\n" for i in range(9000))
                        + json.dumps({"who": "u", "ts": "2025-03-02T10:00:00Z", "did": "buy", "total": 3}))
        arguments = ["--map", "person=who", "--map", "event=did", "--map", "value=total"]
        check(counts(imported(file, *arguments, db=place / "x.db")), [9001, 9001, 0, 0, 0])
        check(events(place / "x.db", "value = 3"), 1)
        error = refused(file, "--map", "person=whom", "--map", "event=did", db=place / "y.db")
        check("whom" in error["message"] and "who" in error["hint"], True, error)


@test
def segment_events():
    lines = [{"type": "identify", "userId": "u1", "anonymousId": "d1", "traits": {"email": "A@Example.com"}, "timestamp": "2025-03-01T10:00:00Z", "messageId": "m0"},
             {"type": "track", "anonymousId": "d1", "event": "Product Viewed", "properties": {"city": "Köln"}, "timestamp": "2025-03-01T10:00:01Z", "messageId": "m1"},
             {"type": "page", "anonymousId": "d1", "name": "Home", "timestamp": "2025-03-01T10:00:02Z", "messageId": "m2"},
             {"type": "track", "userId": "u1", "event": "Order Completed", "properties": {"order_id": "o1", "total": 12.5}, "timestamp": "2025-03-01T11:00:00Z", "messageId": "m3"}]
    with folder() as place:
        db, file = place / "x.db", place / "a.ndjson"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        check(counts(imported(file, db=db)), [4, 4, 0, 0, 0])
        check(report("overview", db=db)["persons"], 1)
        check(events(db, 'event = "Product Viewed" and properties.city = "Köln"'), 1)
        check(counts(imported(file, db=db)), [4, 0, 4, 0, 0])


@test
def parquet():
    with folder() as place:
        file = place / "a.parquet"
        values = ", ".join(f"('{a}', TIMESTAMP '{b}', '{c}', '{d}', {e or 'NULL'})" for a, b, c, d, e in ROWS)
        duckdb(f"COPY (SELECT * FROM (VALUES {values}) t({', '.join(HEADER)})) TO '{file}' (FORMAT parquet)")
        same_as_rows(file)
        duckdb(f"COPY (SELECT user_id, ts AT TIME ZONE 'UTC' AS ts, action, city, total::DOUBLE AS total, [1, 2] AS list, {{'a': {{'b': 'x'}}}} AS nested "
               f"FROM (VALUES {values}) t({', '.join(HEADER)})) TO '{file}' (FORMAT parquet)")
        same_as_rows(file, "--timezone", "America/New_York")
        with folder() as other:
            imported(file, db=other / "x.db")
            check(events(other / "x.db", "properties.list[] = 2"), 4, "lists are JSON")
            check(events(other / "x.db", 'properties.nested.a.b = "x"'), 4, "structs are JSON")


@test
def several_files_and_patterns():
    with folder() as place:
        for i in range(4):
            (place / f"part-{i}.csv").write_text(table(rows=[ROWS[i]]), encoding="utf-8")
        (place / "other.csv").write_text("not wanted")
        result = imported(place / "part-*.csv", db=place / "x.db")
        check(counts(result), [4, 4, 0, 0, 0])
        check([pathlib.Path(i["file"]).name for i in result["imports"]], [f"part-{i}.csv" for i in range(4)])
        check(counts(imported([place / "part-2.csv", place / "part-1.csv"], db=place / "y.db")), [2, 2, 0, 0, 0])
        error = refused(place / "none-*.csv", db=place / "x.db")
        check(error["code"], "not_found", error)


@test
def names_with_pattern_characters_are_files():
    with folder() as place:
        file = place / "what [1]* is ' this.csv"
        file.write_text(table(), encoding="utf-8")
        same_as_rows(file)


@test
def standard_input_and_pipes():
    with folder() as place:
        db = place / "x.db"
        check(counts(imported("-", db=db, stdin=gzip.compress(table().encode()))), [4, 4, 0, 0, 0])
        check(counts(imported("-", db=db, stdin=table().encode())), [4, 0, 4, 0, 0])
        check([name for name in os.listdir(place) if "stdin" in name], [])
        pipe = place / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["sh", "-c", f"cat > '{pipe}'"], stdin=subprocess.PIPE) as writer:
            writer.stdin.write(table().encode())
            writer.stdin.close()
            check(counts(imported(pipe, db=db)), [4, 0, 4, 0, 0])


@test
def columns_called_like_fields_are_fields():
    with folder() as place:
        db, file = place / "x.db", place / "a.csv"
        file.write_text("time,event,user,channel,value,city\n2025-01-01,Order Completed,u,email,7,Köln\n", encoding="utf-8")
        imported(file, db=db)
        check(events(db, "channel = email and value = 7 and properties.city exists"), 1)
        check(events(db, "properties.channel exists"), 0)
        # With any --map only what is mapped is a field.
        imported(file, "--map", "person=user", db=place / "y.db")
        check(events(place / "y.db", "properties.channel = email and properties.value = 7"), 1)


@test
def german_names_are_guessed_and_said():
    with folder() as place:
        file = place / "a.csv"
        file.write_text("Kundennummer;Zeitpunkt;Ereignis;Umsatz\n01067;24.12.2025 18:30;Kauf;12,50\n", encoding="utf-8")
        result = etappe("import", file, "--map", "value=Umsatz", "--set", "place=store", db=place / "x.db")
        check("Kundennummer" in result.stderr and "Zeitpunkt" in result.stderr, True, result.stderr)
        check(first_time(place / "x.db"), "2025-12-24T18:30:00.000Z")
        check(events(place / "x.db", 'value = 12.5 and event = "Kauf" and place = store'), 1)


@test
def a_terminal_sees_rate_and_time_left():
    with folder() as place:
        file = place / "a.csv"
        file.write_text("user,time,event\n" + "".join(f"u{i % 999},{1700000000 + i},view\n" for i in range(400000)))
        ours, theirs = pty.openpty()
        with subprocess.Popen([PROGRAM, "import", str(file), "--db", str(place / "x.db")], stdout=subprocess.DEVNULL, stderr=theirs) as process:
            os.close(theirs)
            seen = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:
                    break
                if not piece:
                    break
                seen += piece
            check(process.wait(), 0)
        os.close(ours)
        check(re.search(rb"a\.csv: [0-9,]+ rows, [0-9,]+ a second, [0-9]+ %, .* left", seen) is not None, True, seen[:2000])


@test
def every_field_can_be_mapped():
    fields = "person user crm card email phone anonymous device time event channel source medium campaign content term place value currency cost score order id account touchpoint referrer url consent".split()
    with folder() as place:
        file = place / "a.csv"
        values = {"time": "2025-01-01", "event": "buy", "value": "7", "currency": "EUR", "cost": "1", "email": "a@b.de", "phone": "+4930123456", "score": "9",
                  "url": "https://example.org/", "referrer": "https://example.com/", "consent": "measure -profile"}
        file.write_text(",".join(f"c_{name}" for name in fields) + "\n" + ",".join(values.get(name, f"{name}-1") for name in fields) + "\n")
        arguments = [word for name in fields for word in ("--map", f"{name}=c_{name}")]
        check(counts(imported(file, *arguments, db=place / "x.db")), [1, 1, 0, 0, 0])
        check(events(place / "x.db", 'channel = "channel-1" and source = "source-1" and campaign = "campaign-1" and order = "order-1" and score = 9 and place = "place-1"'), 1)


@test
def constants_fill_what_rows_leave_empty():
    with folder() as place:
        db, file = place / "x.db", place / "a.csv"
        file.write_text("user,time,what,where\nu,2025-01-01,view,web\nu,2025-01-02,,\n")
        imported(file, "--map", "event=what", "--map", "place=where", "--set", "event=visit", "--set", "place=store", db=db)
        check(events(db, "event = visit and place = store"), 1)
        check(events(db, "event = view and place = web"), 1)


done()
