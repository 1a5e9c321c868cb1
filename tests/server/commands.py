# SPDX-License-Identifier: Apache-2.0
"""The command line while a server holds the record: imports, merges and project files go through it, beside live events."""
import json
import os
import subprocess
import threading
import time

from serving import serving
from tap import PROGRAM, check, etappe, folder, report, test, done

MAP = ["--map", "person=user", "--map", "time=ts", "--map", "event=event", "--map", "id=id"]


def rows(first, n):
    return "user,ts,event,id\n" + "".join(f"u{i % 100},2026-01-01T00:00:00Z,Page Viewed,r{i}\n" for i in range(first, first + n))


def live(number):
    return {"type": "track", "event": "Live", "messageId": f"live-{number}", "userId": f"u{number % 100}"}


@test
def an_import_goes_through_the_server_and_is_in_the_next_report():
    with folder() as path, serving(path / "a.db") as server:
        server.send(live(1))
        (path / "x.csv").write_text(rows(0, 1000) + "broken\n")
        first = json.loads(etappe("import", path / "x.csv", *MAP, "--format", "json", "--rejects", path / "no.csv", db=server.db).stdout)
        check([first[k] for k in ("read", "stored", "repeated", "refused")], [1001, 1000, 0, 1])
        check((path / "no.csv").exists(), True)
        check(server.report("overview")["events"], 1001)
        again = json.loads(etappe("import", path / "x.csv", *MAP, "--format", "json", db=server.db).stdout)
        check([again[k] for k in ("stored", "repeated")], [0, 1000])
        check(server.send({"event": "Page Viewed", "userId": "u1", "messageId": "r1"})["accepted"], 1, "another source, another event")
        imports = json.loads(etappe("import", "list", "--format", "json", db=server.db).stdout)["imports"]
        check([i["stored"] for i in imports], [1000, 0])
        etappe("import", "undo", imports[0]["id"], db=server.db)
        check(server.report("overview")["events"], 2)
        check(json.loads(etappe("import", path / "x.csv", *MAP, "--format", "json", db=server.db).stdout)["stored"], 1000)


@test
def relative_names_standard_input_and_errors_are_the_senders():
    with folder() as path, serving(path / "a.db") as server:
        (path / "here").mkdir()
        (path / "here" / "x.csv").write_text(rows(0, 10))
        environment = {**os.environ, "ETAPPE_DB": "../a.db"}
        run = lambda *words, **options: subprocess.run([PROGRAM, *words], cwd=path / "here", env=environment, capture_output=True, text=True, **options)
        result = run("import", "x.csv", *MAP)
        check(result.returncode, 0, result.stderr)
        check("stored" in result.stdout, True)
        result = run("import", "-", *MAP, input=rows(10, 10))
        check(result.returncode, 0, result.stderr)
        check(server.report("overview")["events"], 20)
        result = run("import", "nothing.csv", *MAP)
        check((result.returncode, "nothing.csv" in result.stderr, result.stdout), (1, True, ""))
        check(run("import", "x.csv", "--mop", "a=b").returncode, 2)
        result = run("import", "nothing.csv", "--format", "json")
        check(json.loads(result.stdout)["error"]["code"], "not_found")


@test
def live_events_do_not_wait_behind_a_file():
    with folder() as path, serving(path / "a.db") as server:
        (path / "x.csv").write_text(rows(0, 300000))
        server.send(live(0))
        importing = subprocess.Popen([PROGRAM, "import", str(path / "x.csv"), *MAP], env={**os.environ, "ETAPPE_DB": str(server.db)}, stdout=subprocess.DEVNULL)
        sent = 1
        while importing.poll() is None:
            server.send(live(sent))
            sent += 1
        check(importing.returncode, 0)
        check(sent > 5, True, f"{sent} live events were taken meanwhile")
        check(server.report("overview")["events"], 300000 + sent)
        for at in range(0, sent, 1000):
            known = [live(n) for n in range(at, min(at + 1000, sent))]
            check(server.send(*known)["repeated"], len(known))
        server.stop()
        check(report("overview", db=server.db)["events"], 300000 + sent)
        check(etappe("doctor", db=server.db).returncode, 0)


@test
def merges_and_project_files_take_effect_at_once():
    with folder() as path, serving(path / "a.db") as server:
        server.send({"event": "a", "user_id": "anna"}, {"event": "b", "user_id": "bob"})
        check(server.report("overview")["persons"], 2)
        merged = json.loads(etappe("person", "merge", "user:anna", "user:bob", "--format", "json", db=server.db).stdout)
        check((merged["done"], merged["one_person"]), ("merged", True))
        check(server.report("overview")["persons"], 1)
        etappe("person", "unmerge", "user:anna", "user:bob", db=server.db)
        check(server.report("overview")["persons"], 2)
        (path / "project.yaml").write_text("version: 1\npreset: shop\ngoals:\n  - name: did-b\n    when: event = \"b\"\n")
        etappe("project", "apply", path / "project.yaml", db=server.db)
        check([(g["goal"], g["conversions"]) for g in server.report("overview")["goals"]], [("did-b", 1)])
        check(server.send({"event": "b", "user_id": "carla"})["accepted"], 1)
        check(server.report("overview")["goals"][0]["conversions"], 2)


@test
def without_the_socket_a_second_writer_is_told_who_writes():
    with folder() as path, serving(path / "a.db") as server:
        check(oct((path / "a.db.sock").stat().st_mode & 0o777), "0o600")
        (path / "x.csv").write_text(rows(0, 10))
        (path / "a.db.sock").unlink()
        result = etappe("import", path / "x.csv", *MAP, db=server.db, expect=1)
        check(str(server.process.pid) in result.stderr, True, result.stderr)
        check(etappe("overview", db=server.db).returncode, 0, "reading needs no server")


done()
