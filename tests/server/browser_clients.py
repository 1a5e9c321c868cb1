# SPDX-License-Identifier: Apache-2.0
"""Browser clients of other trackers, unmodified, in a real Chromium: pages of another origin, a public key."""
import json
import os
import pathlib
import shutil
import subprocess

from serving import serving
from tap import Skip, check, done, folder, test

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
MODULES = ROOT / "deps" / "clients" / "node_modules"


def browse(kind, server):
    """What the page saw; a failed request or a word in the console fails the test."""
    if not MODULES.exists() or not shutil.which("chromium"):
        raise Skip("Chromium or the clients are not installed (tools/install-deps test)")
    result = subprocess.run(["node", str(CLIENTS / "browser.mjs"), kind, f"http://127.0.0.1:{server.port}", server.key("page", "source")],
                            capture_output=True, text=True, timeout=90, env={**os.environ, "NODE_PATH": str(MODULES)})
    check(result.returncode, 0, result.stderr)
    seen = json.loads(result.stdout)
    check(seen["failures"], [], kind)
    return seen


def check_story(server, seen):
    check({status for path, status in seen["sent"]}, {200}, str(seen["sent"]))
    overview = server.report("overview")
    check((overview["events"], overview["persons"]), (5, 1))
    check([(g["conversions"], g["value"]) for g in overview["goals"] if g["goal"] == "order"], [(1, 59.8)])
    check(server.person("anonymous:" + seen["told"]["anonymous"])["events_total"], 5)
    paid = server.report("attribution", goal="order", model=["first"])
    check([(c["key"], c["conversions"]) for c in paid["models"][0]["credits"]], [("email", 1)])


@test
def segments_client_finds_this_server_by_its_settings():
    with folder() as path, serving(path / "page.db") as server:
        seen = browse("segment", server)
        check(seen["foreign"], [], "nothing leaves the server")
        check_story(server, seen)


@test
def segments_client_sends_in_batches():
    with folder() as path, serving(path / "page.db") as server:
        seen = browse("segment-batch", server)
        check([sent for sent in seen["sent"]], [["/v1/b", 200]])
        check_story(server, seen)


@test
def rudderstacks_client_sends_by_beacon():
    with folder() as path, serving(path / "page.db") as server:
        seen = browse("rudder-beacon", server)
        check([path for path, _ in seen["sent"]], ["/beacon/v1/batch"])
        check_story(server, seen)


@test
def rudderstacks_client_finds_its_source_here():
    with folder() as path, serving(path / "page.db") as server:
        check_story(server, browse("rudder", server))


@test
def a_pixel_is_a_picture():
    with folder() as path, serving(path / "page.db") as server:
        check(browse("gif", server)["told"], [[1, 1]])
        check(server.report("overview")["events"], 1)


done()
