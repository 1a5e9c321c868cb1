# SPDX-License-Identifier: Apache-2.0
"""The same rows never count twice; a crash leaves nothing; undo takes everything back."""
import json
import os
import random
import signal
import subprocess
import time

from importing import counts, events, imported
from tap import PROGRAM, check, done, etappe, folder, report, test

HEADER = "user,time,event,city\n"


def rows(n, start=0):
    return [f"u{i % 97},2025-01-01 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02},{'buy' if i % 7 == 0 else 'view'},c{i % 5}\n" for i in range(start, start + n)]


def write(path, lines, header=HEADER):
    path.write_text(header + "".join(lines))
    return path


def figures(db):
    """What reports say, without what names the version of the record."""
    answers = [report("overview", db=db), report("funnel", "--step", "view", "--step", "buy", "--by", "city", db=db), report("paths", "--key", "event", db=db)]
    for answer in answers:
        answer.pop("through")
    return answers


@test
def the_same_file_again_stores_nothing():
    with folder() as place:
        db, file = place / "x.db", write(place / "a.csv", rows(5000))
        check(counts(imported(file, db=db)), [5000, 5000, 0, 0, 0])
        before = figures(db)
        check(counts(imported(file, db=db)), [5000, 0, 5000, 0, 0])
        os.rename(file, place / "b.csv")
        check(counts(imported(place / "b.csv", db=db)), [5000, 0, 5000, 0, 0], "under another name")
        check(figures(db), before)


@test
def an_overlapping_file_adds_what_is_new():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", rows(3000)), db=db)
        check(counts(imported(write(place / "b.csv", rows(3000, 2000)), db=db)), [3000, 2000, 1000, 0, 0])
        whole = place / "y.db"
        imported(write(place / "c.csv", rows(5000)), db=whole)
        check(figures(db), figures(whole))


@test
def equal_rows_of_one_file_stay_as_many():
    with folder() as place:
        db, line = place / "x.db", "u,2025-01-01,view,x\n"
        file = write(place / "a.csv", [line, line])
        check(counts(imported(file, db=db)), [2, 2, 0, 0, 0])
        check(counts(imported(file, db=db)), [2, 0, 2, 0, 0])
        check(counts(imported(write(place / "b.csv", [line] * 3), db=db)), [3, 1, 2, 0, 0], "the third is new")
        check(events(db), 3)


@test
def another_source_makes_other_events():
    with folder() as place:
        db, file = place / "x.db", write(place / "a.csv", rows(10))
        imported(file, db=db)
        check(counts(imported(file, "--source", "shop", db=db)), [10, 10, 0, 0, 0])
        check(counts(imported(file, "--source", "shop", db=db)), [10, 0, 10, 0, 0])


@test
def ids_are_kept_as_first_seen():
    with folder() as place:
        db = place / "x.db"
        header = "user,time,event,no,city\n"
        arguments = ["--map", "id=no"]
        first = write(place / "a.csv", ["u,2025-01-01,buy,7,Bonn\n", "u,2025-01-01,view,7,Bonn\n", "v,2025-01-01,buy,8,Bonn\n"], header)
        check(counts(imported(first, *arguments, db=db)), [3, 3, 0, 0, 0], "an id is one of its event name")
        second = write(place / "b.csv", ["u,2025-01-01,buy,7,Bonn\n", "v,2025-01-01,buy,8,Köln\n", "w,2025-01-01,buy,9,Bonn\n", "w,2025-01-01,buy,9,Bonn\n",
                                         "w,2025-01-02,buy,9,Bonn\n"], header)
        check(counts(imported(second, *arguments, db=db)), [5, 1, 2, 2, 0])
        check(events(db, 'properties.city = "Köln"'), 0)


@test
def shuffled_rows_give_the_same_figures():
    with folder() as place:
        lines = rows(4000)
        imported(write(place / "a.csv", lines), db=place / "x.db")
        random.Random(7).shuffle(lines)
        imported(write(place / "b.csv", lines), db=place / "y.db")
        check(figures(place / "x.db"), figures(place / "y.db"))


@test
def another_mapping_is_warned_of():
    with folder() as place:
        db, file = place / "x.db", write(place / "a.csv", rows(10))
        check("another way" in etappe("import", file, db=db).stderr, False)
        result = etappe("import", file, "--map", "place=city", "--map", "person=user", "--map", "time=time", "--map", "event=event", db=db)
        check("import 1" in result.stderr and "another way" in result.stderr, True, result.stderr)
        check(events(db), 20)
        same = etappe("import", file, "--map", "event=event", "--map", "time=time", "--map", "user=user", "--map", "place=city", db=db)
        check("another way" in same.stderr, False, "the order of options does not matter")
        check(events(db), 20)


@test
def undo_restores_every_figure():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", rows(3000)), db=db)
        before = figures(db)
        second = imported(write(place / "b.csv", rows(3000, 2500)), db=db)
        after = figures(db)
        check(before == after, False)
        etappe("import", "undo", second["imports"][0]["id"], db=db)
        check(figures(db), before)
        states = [i["state"] for i in json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"]]
        check(states, ["done", "undone"])
        check(counts(imported(place / "b.csv", db=db)), [3000, 2500, 500, 0, 0], "it may come again")
        check(figures(db), after)


@test
def undo_of_what_is_not_there():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", rows(3)), db=db)
        check("no import 7" in etappe("import", "undo", 7, db=db, expect=1).stderr, True)
        etappe("import", "undo", "x", db=db, expect=2)
        etappe("import", "undo", db=db, expect=2)
        etappe("import", "undo", 1, db=db)
        etappe("import", "undo", 1, db=db, expect=1)
        check(events(db), 0)


@test
def the_list_tells_what_came():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", [*rows(3), "u,never,view,x\n"]), "--source", "shop", db=db)
        row = json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"][0]
        check((row["id"], row["file"], row["source"], row["state"], counts(row)), (1, "a.csv", "shop", "done", [4, 3, 0, 0, 1]))
        check("a.csv" in etappe("import", "list", db=db).stdout, True)
        check(etappe("import", "list", "--format", "csv", db=db).stdout.splitlines()[0].startswith("id,state,file"), True)


@test
def a_killed_import_leaves_nothing():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", rows(2000)), db=db)
        before = figures(db)
        big = write(place / "b.csv", (line for i in range(60) for line in rows(20000, 86400 * i)))
        killed = 0
        for delay in (0.05, 0.1, 0.2, 0.4, 0.8):
            with subprocess.Popen([PROGRAM, "import", str(big), "--db", str(db)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
        check(killed > 0, True, "at least one was killed in the middle")
        if killed == 5:
            check(figures(db), before)
            states = [i["state"] for i in json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"]]
            check(states.count("done"), 1)
        result = imported(big, db=db)
        check(result["stored"] + result["repeated"], 1200000)
        check(events(db), 2000 + result["stored"] if killed == 5 else events(db))


@test
def a_full_disk_leaves_nothing():
    with folder() as place:
        db = place / "x.db"
        imported(write(place / "a.csv", rows(500)), db=db)
        before = figures(db)
        file = write(place / "b.csv", rows(20000, 500))
        refused = 0
        for point in range(1, 60, 3):
            result = etappe("import", file, db=db, env={"ETAPPE_FAULT": f"write:{point}"}, expect=None)
            if result.returncode == 0:
                imported_id = json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"][-1]["id"]
                etappe("import", "undo", imported_id, db=db)
                continue
            refused += 1
            check(result.stderr.startswith("etappe: ") or "etappe: " in result.stderr, True, result.stderr)
            state = json.loads(etappe("import", "list", "--format", "json", db=db).stdout)["imports"][-1]
            if state["state"] == "done" and state["file"] == "b.csv":
                etappe("import", "undo", state["id"], db=db)
        check(refused > 0, True)
        check(figures(db), before)


done()
