# SPDX-License-Identifier: Apache-2.0
"""Bad input: each a clear error that leaves nothing behind, or rows refused one by one and the rest kept."""
import csv
import gzip
import json
import os
import resource
import shutil
import subprocess

from importing import counts, duckdb, events, imported, refused
from tap import Skip, check, done, etappe, folder, test

HEADER = "user,time,event,total\n"
GOOD = "u1,2025-01-01,view,\n"


def row_refused(line, words, *arguments, header=HEADER, binary=False):
    """A bad row between good ones is refused with a reason that says so, and the others are kept."""
    with folder() as place:
        file, db = place / "a.csv", place / "x.db"
        line = line if isinstance(line, bytes) else line.encode()
        file.write_bytes(header.encode() + GOOD.encode() + line + b"\n" + b"u2,2025-01-02,view,\n")
        result = imported(file, "--map", "value=total", *arguments, "--rejects", place / "rejects.csv", db=db)
        check(counts(result), [3, 2, 0, 0, 1], str(line[:80]))
        refusal = result["refusals"][0]
        check((refusal["row"], refusal["line"]), (2, 3))
        check(words in refusal["reason"], True, f"{refusal['reason']!r} should say {words!r}")
        check(events(db), 2)
        with open(place / "rejects.csv", newline="", encoding="utf-8") as rejects:
            rows = list(csv.reader(rejects))
        check(rows[0], ["file", "row", "line", "reason", "content"])
        check(rows[1][:4], [str(file), "2", "3", refusal["reason"]])
        return rows[1][4]


def file_refused(content, words, *arguments, name="a.csv", code="invalid"):
    """A bad file is refused with a sentence that says why, and nothing of it is there."""
    with folder() as place:
        file, db = place / name, place / "x.db"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        good = place / "good.csv"
        good.write_text(HEADER + GOOD)
        imported(good, db=db)
        error = refused(file, *arguments, db=db)
        check(error["code"], code, error)
        check(words in error["message"], True, f"{error['message']!r} should say {words!r}")
        check(events(db), 1)
        check(len(json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"]), 1)
        return error


# --- rows ---------------------------------------------------------------------------------------


@test
def impossible_times():
    for time in ("2025-02-30", "2025-13-01", "31.04.2025", "2025-01-01 25:00", "1900-01-01", "2200-01-01", "yesterday", "99999999999999999999", "0"):
        row_refused(f"u,{time},view,", "")
    row_refused("u,,view,", "no time")
    row_refused("u,2025-02-30,view,", "impossible date")
    row_refused("u,1900-01-01,view,", "19")
    row_refused("u,2200-01-01,view,", "2")


@test
def events_without_a_name():
    row_refused("u,2025-01-01,,", "no event name")
    row_refused("u,2025-01-01,   ,", "no event name")
    row_refused(f"u,2025-01-01,{'x' * 600},", "512")


@test
def amounts_that_are_none():
    for amount in ("NaN", "nan", "inf", "-Infinity"):
        row_refused(f"u,2025-01-01,buy,{amount}", "finite")
    for amount in ("twelve", "12.50.1", "--5", "1e99", "$"):
        row_refused(f"u,2025-01-01,buy,{amount}", "amount")
    row_refused('u,2025-01-01,buy,"1,234"', "comma")


@test
def amounts_in_currencies_without_a_rate():
    for amount in ("12 USD", "$12", "£ 5.00", "CHF 7"):
        row_refused(f"u,2025-01-01,buy,{amount}", "no rate")
    with folder() as place:
        file = place / "a.csv"
        file.write_text("user,time,event,total,unit\nu,2025-01-01,buy,5,usd\nu,2025-01-01,buy,5,EUR\nu,2025-01-01,buy,5,Dollar\nu,2025-01-01,view,,USD\n")
        result = imported(file, "--map", "value=total", "--map", "currency=unit", db=place / "x.db")
        check(counts(result), [4, 2, 0, 0, 2])
        check([r["row"] for r in result["refusals"]], [1, 3])
        check("USD" in result["refusals"][0]["reason"] and "EUR" in result["refusals"][0]["reason"], True)


@test
def the_currency_of_the_project_and_its_rates_count():
    with folder() as place:
        project, file, db = place / "project.yaml", place / "a.csv", place / "x.db"
        project.write_text("version: 1\npreset: shop\ncurrency: CHF\nrates:\n  - {currency: EUR, from: 2025-01-01, rate: 0.95}\n")
        etappe("project", "apply", project, db=db)
        file.write_text(HEADER + "u,2024-12-31,buy,5 EUR\nu,2025-01-02,buy,5 EUR\nu,2025-01-02,buy,5 CHF\nu,2025-01-02,buy,5 USD\n")
        result = imported(file, "--map", "value=total", db=db)
        check(counts(result), [4, 2, 0, 0, 2])
        check([r["row"] for r in result["refusals"]], [1, 4])


@test
def rows_of_another_shape():
    row_refused("u,2025-01-01,view", "3 cells")
    row_refused("u,2025-01-01,view,,more", "5 cells")
    row_refused(",,,", "empty")
    row_refused('u,2025-01-01,"view,', "never closed")
    row_refused('u,2025-01-01,"vi"ew,', "closing quote")
    with folder() as place:
        file = place / "a.csv"
        file.write_text(HEADER + GOOD + "u,2025-01-02,view,,,\n")
        check(counts(imported(file, db=place / "x.db")), [2, 2, 0, 0, 0], "empty cells at the end do no harm")


@test
def invalid_text():
    content = row_refused(b"u\xff,2025-01-01,\xc3\xa4,", "UTF-8", "--encoding", "utf-8")
    check("\ufffd" in content, True)
    # A file with more valid UTF-8 than not is UTF-8: its faulty rows are refused.
    with folder() as place:
        file = place / "a.csv"
        file.write_bytes((HEADER + "ä,2025-01-01,ö,\n").encode() + "ü,2025-01-01,x,\n".encode("latin-1"))
        result = imported(file, db=place / "x.db")
        check(counts(result), [2, 1, 0, 0, 1])


@test
def huge_cells():
    row_refused(f"u,2025-01-01,{'x' * 10_000_000},", "10000000 bytes")
    content = row_refused(f"u,2025-01-01,\"{'word ' * 2_000_000}\",", "10000000 bytes")
    check(len(content) <= 1 << 17, True, "what is shown of it is short")
    row_refused(f"u,2025-01-01,{'x' * 40_000_000},", "more than")


@test
def memory_stays_bounded_whatever_comes():
    with folder() as place:
        file = place / "a.csv.gz"
        with gzip.open(file, "wb", compresslevel=1) as out:
            out.write((HEADER + GOOD).encode())
            for _ in range(600):
                out.write(b'"' + b"x" * 1_000_000)
            out.write(b"\nu2,2025-01-02,view,\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        result = imported(file, db=place / "x.db")
        check(counts(result), [3, 2, 0, 0, 1])
        check(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < max(before, 400_000), True, "600 MB of text take less than 400 MB")


@test
def refused_rows_keep_their_numbers():
    with folder() as place:
        file = place / "a.csv"
        lines = [HEADER.strip()]
        for i in range(1, 20001):
            lines.append(f"u{i},{'never' if i % 5000 == 0 else '2025-01-01'},view,")
            if i == 3:
                lines[-1] += '"two\nlines"'
            if i == 7:
                lines.append("")
        file.write_text("\n".join(lines))
        result = imported(file, "--rejects", place / "r.csv", db=place / "x.db")
        check(counts(result), [20000, 19996, 0, 0, 4])
        check([(r["row"], r["line"]) for r in result["refusals"]], [(i, i + 3) for i in (5000, 10000, 15000, 20000)])


@test
def rejects_run_no_formulas():
    content = row_refused("=cmd|' /C calc'!A0,2025-13-01,view,", "impossible")
    check(content[0], "'")


@test
def json_objects_that_are_no_events():
    lines = ['{"user":"u","time":"2025-01-01","event":"view"}', '{"user":"u","time":"2025-01-01","event":', "nonsense", "[1,2]", '"text"',
             '{"user":"u","event":"view"}', '{"user":"u","time":"2025-02-30","event":"view"}', '{"user":"u","time":"2025-01-01","event":"view","total":NaN}']
    with folder() as place:
        file, db = place / "a.ndjson", place / "x.db"
        file.write_text("\n".join(lines))
        result = imported(file, "--map", "value=total", "--rejects", place / "r.csv", db=db)
        check(result["read"], 8)
        check([r["row"] for r in result["refusals"]], [2, 3, 4, 5, 6])
        check(result["refused"] >= 6, True, "NaN is no amount, or absent")
        check(events(db), result["stored"])


# --- files --------------------------------------------------------------------------------------


@test
def a_missing_column_is_named_with_those_there_are():
    error = file_refused(HEADER + GOOD, "time_stamp", "--map", "time=time_stamp")
    check("user, time, event, total" in error["message"], True, error)
    check("--map time='time'" in error["hint"], True, error)
    error = file_refused("a,b,c\n1,2,3\n", "a, b, c")
    check("--map person='a' --map time='b' --map event='c'" in error["hint"], True, error)


@test
def options_that_make_no_sense():
    with folder() as place:
        file = place / "a.csv"
        file.write_text(HEADER + GOOD)
        for arguments in (["--map", "person"], ["--map", "=x"], ["--map", "colour=user"], ["--map", "time=user", "--map", "time=time"], ["--decimal", "dot"],
                          ["--separator", "\""], ["--encoding", "klingon"], ["--timezone", "Mars/Olympus"], ["--mapp", "time=x"], ["--source", ""]):
            result = etappe("import", file, *arguments, db=place / "x.db", expect=None)
            check(result.returncode in (1, 2) and result.stderr.startswith("etappe: "), True, f"{arguments}: {result.returncode} {result.stderr}")
        check(etappe("import", db=place / "x.db", expect=2).stderr.count("\n") <= 2, True)


@test
def files_without_rows():
    file_refused("", "is empty")
    file_refused("\n  \n\n", "blank lines")
    file_refused(HEADER, "a header and no rows")
    file_refused(HEADER + "\n\n", "a header and no rows")
    file_refused("[]", "no rows", name="a.json")
    file_refused(gzip.compress(b""), "is empty", name="a.csv.gz")


@test
def a_file_of_which_no_row_is_an_event():
    with folder() as place:
        file, db = place / "a.csv", place / "x.db"
        file.write_text(HEADER + "u,never,view,\nu,never,view,\n")
        result = etappe("import", file, db=db, expect=1)
        check("each of its 2 rows was refused" in result.stderr, True, result.stderr)
        check("row 1 (line 2)" in result.stdout, True, result.stdout)


@test
def files_that_are_no_text():
    file_refused(os.urandom(100_000), "")
    file_refused(b"\x7fELF" + bytes(1000), "binary")
    file_refused(b"PK\x03\x04" + os.urandom(100), "Excel", name="a.xlsx")
    file_refused(b"%PDF-1.4 " + os.urandom(100), "PDF")
    file_refused(gzip.compress(os.urandom(100_000)), "", name="a.csv.gz")
    file_refused("a,b\n1,2\n", "no Parquet", name="a.parquet")
    with folder() as place:
        check("folder" in refused(place, db=place / "x.db")["message"], True)
        check(refused(place / "none.csv", db=place / "x.db")["code"], "not_found")


@test
def packed_files_that_are_cut_off_or_damaged():
    text = (HEADER + "".join(f"u{i},2025-01-01,view,{i}\n" for i in range(30000))).encode()
    packed = gzip.compress(text)
    for size in (len(packed) // 3, len(packed) // 2, len(packed) - 1):
        file_refused(packed[:size], "cut off", name="a.csv.gz")
    damaged = bytearray(packed)
    damaged[-6] ^= 1
    file_refused(bytes(damaged), "damaged", name="a.csv.gz")
    if not shutil.which("zstd"):
        raise Skip("no zstd program")
    packed = subprocess.run(["zstd", "-q", "-c"], input=text, stdout=subprocess.PIPE, check=True).stdout
    for size in (len(packed) // 3, len(packed) // 2, len(packed) - 1):
        file_refused(packed[:size], "cut off", name="a.csv.zst")


@test
def parquet_that_is_cut_off():
    with folder() as place:
        file = place / "a.parquet"
        duckdb(f"COPY (SELECT 'u' || i AS user, '2025-01-01' AS time, 'view' AS event FROM range(5000) t(i)) TO '{file}' (FORMAT parquet)")
        content = file.read_bytes()
        file_refused(content[: len(content) // 2], "Parquet", name="b.parquet")
        file_refused(gzip.compress(content), "Parquet", name="b.parquet.gz")


@test
def json_lists_that_are_cut_off():
    file_refused('[{"user":"u","time":"2025-01-01","event":"view"},{"user":"u"', "cut off", name="a.json")
    file_refused('[{"user":"u","time":"2025-01-01","event":"view"},', "cut off", name="a.json")


@test
def a_bad_file_does_not_keep_the_others_out():
    with folder() as place:
        good, bad, db = place / "good.csv", place / "bad.csv.gz", place / "x.db"
        good.write_text(HEADER + GOOD)
        text = (HEADER + "".join(f"u{i},2025-01-01,view,{os.urandom(20).hex()}\n" for i in range(30000))).encode()
        bad.write_bytes(gzip.compress(text)[:-100])
        result = etappe("import", bad, good, db=db, expect=1)
        check("1 of 2 files were not imported" in result.stderr, True, result.stderr)
        check(events(db), 1)
        # A wrong name is noticed before anything is imported.
        with folder() as other:
            etappe("import", good, other / "missing.csv", db=other / "x.db", expect=1)
            check(json.loads(etappe("import", "list", "--format", "json", db=other / "x.db").stdout)["imports"], [])


@test
def unreadable_files_and_places():
    if os.geteuid() == 0:
        raise Skip("root may read everything")
    with folder() as place:
        file = place / "a.csv"
        file.write_text(HEADER + GOOD)
        file.chmod(0)
        check(refused(file, db=place / "x.db")["code"], "io")


done()
