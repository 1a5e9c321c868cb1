# SPDX-License-Identifier: Apache-2.0
"""The same journeys, told by the official clients of other trackers, unmodified: the same persons, paths, figures."""
import json
import os
import pathlib
import subprocess

from serving import serving
from tap import Skip, check, done, folder, report, test

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
MODULES = ROOT / "deps" / "clients" / "node_modules"
NOW = "2025-12-21T12:00:00Z"
os.environ.update(ETAPPE_NOW=NOW, ETAPPE_KEY="000102030405060708090a0b0c0d0e0f")  # the same ids and bytes in every run


def client(name, server, key, *more):
    """Runs a client to its end; what it complains about fails the test."""
    if not MODULES.exists():
        raise Skip("the clients are not installed (tools/install-deps test)")
    clock = str(CLIENTS / "frozen_clock.cjs")
    result = subprocess.run(["node", "--require", clock, str(CLIENTS / name), f"http://127.0.0.1:{server.port}", key, *more], capture_output=True, text=True,
                            timeout=60, env={**os.environ, "NODE_PATH": str(MODULES), "CLIENT_NOW": NOW})
    check((result.returncode, result.stderr), (0, ""), name + result.stdout)


def answers(db):
    """All reports that could tell who told the story. Numbers of commits differ, as batches do."""
    asked = [("overview",), ("person", "list", "--sort", "id"), ("paths", "--key", "event"), ("paths", "--key", "channel", "--collapse"),
             ("attribution", "--goal", "order", "--model", "linear"), ("funnel", "--step", "Page Viewed", "--step", "Order Completed")]
    found = [report(*words, db=db) for words in asked]
    for answer in found:
        del answer["through"]
    return json.dumps(found, indent=1)


def told_by(name, *more, kind="web"):
    with folder() as path:
        db = path / "told.db"
        with serving(db) as server:
            client(name, server, server.key("shop", "write", "--kind", kind), *more)
            server.settle()
        return answers(db)


def told_natively():
    with folder() as path:
        db = path / "told.db"
        script = 'const {calls} = require("./journey.cjs"); console.log(JSON.stringify(calls.map(([type, m]) => ({type, ...m}))))'
        events = json.loads(subprocess.run(["node", "-e", script], cwd=CLIENTS, capture_output=True, text=True, check=True).stdout)
        with serving(db) as server:
            server.send(*events, key=server.key("shop", "write", "--kind", "web"))
            server.settle()
        return answers(db)


@test
def the_story_is_what_it_should_be():
    overview, persons, *_, attribution, funnel = json.loads(told_natively())
    check((overview["events"], overview["persons"]), (8, 2))
    check([(g["goal"], g["conversions"], g["value"]) for g in overview["goals"]][:1], [("order", 2, 87.25)])
    check(sorted(p["value"] for p in persons["persons"]), ["anna", "ben"])
    check(sorted((c["key"], c["conversions"]) for c in attribution["models"][0]["credits"]), [("email", 1), ("organic_search", 0.5), ("paid_search", 0.5)])
    check([s["reached"] for s in funnel["steps"]], [2, 2])


@test
def segments_client_for_servers_tells_it():
    check(told_by("segment_node.cjs"), told_natively())


@test
def rudderstacks_client_for_servers_tells_it():
    check(told_by("rudder_node.cjs"), told_natively())


@test
def matomos_client_tells_it_in_bulk():
    check(told_by("matomo.cjs"), told_natively())


@test
def matomos_client_tells_it_hit_by_hit():
    check(told_by("matomo.cjs", "one"), told_natively())


@test
def the_measurement_protocol_tells_it():
    check(told_by("ga4.cjs"), told_natively())


@test
def every_call_of_segments_client_is_taken():
    with folder() as path, serving(path / "calls.db") as server:
        client("segment_calls.cjs", server, server.key())
        check(server.report("overview")["events"], 7)
        anna = server.person("user:anna")
        check(anna["events_total"], 7)
        check(server.person("email:anna@example.com")["person"], anna["person"])
        check(server.person("user:anna.old")["person"], anna["person"])


@test
def a_site_may_be_a_number():
    with folder() as path, serving(path / "site.db") as server:
        server.key("7", "source")
        server.key("8", "write")
        client("matomo.cjs", server, "7", "one")
        check(server.report("overview")["events"], 8)
        check(server.get("/matomo.php?idsite=8&rec=1&url=x").status, 401, "a server's key is a secret, its name is none")
        check(server.report("overview")["events"], 8)


@test
def a_pages_tag_names_its_source_by_measurement_id():
    with folder() as path, serving(path / "tag.db") as server:
        server.key("G-TEST1", "source")
        address = "/g/collect?v=2&tid=G-TEST1&cid=1.2&dl=https%3A%2F%2Fshop.example%2F%3Futm_medium%3Demail&gcs=G111"
        check(server.post(address, "en=page_view\r\nen=purchase&ep.transaction_id=A-1&epn.value=5&cu=EUR").status, 204)
        check(server.get(address.replace("TEST1", "OTHER") + "&en=page_view").status, 401)
        overview = server.report("overview")
        check((overview["events"], [g["value"] for g in overview["goals"] if g["goal"] == "order"]), (2, [5]))


@test
def what_the_manual_shows_works():
    blocks = (ROOT / "docs" / "sdks.md").read_text().split("```")[1::2]
    commands = [block.strip() for block in blocks if block.strip().startswith("curl")]
    check(len(commands), 3)
    with folder() as path, serving(path / "manual.db") as server:
        key = server.key()
        for command in commands:
            command = command.replace("https://t.example.com", f"http://127.0.0.1:{server.port}").replace("KEY", key)
            result = subprocess.run(["bash", "-c", command.replace("curl", "curl --silent --fail --output /dev/null", 1)], capture_output=True, text=True)
            check((result.returncode, result.stderr), (0, ""), command)
        check(server.report("overview")["events"], 3)


@test
def a_wrong_key_is_told():
    with folder() as path, serving(path / "calls.db") as server:
        for address, body in [("/v1/batch", {"batch": [], "writeKey": "nobody"}), ("/matomo.php?idsite=7&rec=1&url=x", None),
                              ("/mp/collect?api_secret=nobody", {"events": []}), ("/v1/projects/nobody/settings", None)]:
            answer = server.post(address, body) if body else server.get(address)
            check(answer.status, 401, address)


done()
