# SPDX-License-Identifier: Apache-2.0
"""Who is a machine, by lists that others keep: crawlers' agents as crawler-user-agents collects them, and the browsers most in use."""
import json
import pathlib

from serving import serving
from tap import Skip, check, done, etappe, folder, test

MODULES = pathlib.Path(__file__).resolve().parents[2] / "deps" / "clients" / "node_modules"


def listed(name):
    path = MODULES / name
    if not path.exists():
        raise Skip("the lists are not installed (tools/install-deps test)")
    return json.loads(path.read_text())


def follow(server, agents):
    """Each follows a link; returns how many were counted, and how many flagged."""
    address = etappe("link", "create", "--to", "https://example.com/", "--name", "hero", "--medium", "email", db=server.db).stdout.strip()
    path = address[address.index("/l/"):]
    connection = server.connect()
    for agent in agents:
        answer = server.get(path, headers={"User-Agent": agent}, connection=connection)
        check((answer.status, answer.headers["Location"]), (302, "https://example.com/?utm_medium=email"), agent)
    overview = server.report("overview")
    return overview["events"], overview["excluded"]["flagged"]


@test
def crawlers_are_kept_out():
    agents = {agent for crawler in listed("crawler-user-agents/crawler-user-agents.json") for agent in crawler.get("instances", []) if agent.isascii() and agent.strip() == agent}
    with folder() as path, serving(path / "links.db") as server:
        counted, excluded = follow(server, sorted(agents))
        check(counted + excluded, len(agents))
        if excluded < 0.9 * len(agents):
            raise AssertionError(f"only {excluded} of {len(agents)} are known")
        print(f"# {excluded} of {len(agents)} agents of crawlers are known")


@test
def browsers_are_people():
    agents = [agent for agent in listed("top-user-agents/src/index.json") if "Headless" not in agent]
    with folder() as path, serving(path / "links.db") as server:
        check(follow(server, agents), (len(agents), 0))


done()
