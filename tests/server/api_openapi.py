# SPDX-License-Identifier: Apache-2.0
"""The API's description: valid OpenAPI 3.1, with every report and its options, and every route that there is."""
import json
import os
import pathlib
import re
import subprocess

from serving import serving
from tap import Skip, check, done, folder, test

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = pathlib.Path(os.environ.get("ETAPPE_TEST_MODULES", ROOT / "deps" / "clients" / "node_modules"))


def description(server):
    return server.get("/api/v1/openapi.json", server.key("r", "read")).json


@test
def it_is_valid():
    if not (MODULES / "@seriousme" / "openapi-schema-validator").exists():
        raise Skip("the validator is not installed (tools/install-deps test)")
    with folder() as path, serving(path / "a.db") as server:
        text = json.dumps(description(server))
        run = lambda one: json.loads(subprocess.run(["node", HERE / "clients" / "openapi.mjs", MODULES], input=one, capture_output=True, text=True, check=True).stdout)
        found = run(text)
        check((found["valid"], found["version"], found["errors"]), (True, "3.1", []))
        check(run(text.replace('"responses"', '"answers"'))["valid"], False, "the validator looks")


@test
def it_holds_every_report_with_its_options_and_every_route():
    with folder() as path, serving(path / "a.db") as server:
        told = description(server)
        reports = server.get("/api/v1/reports", server.key("r", "read")).json
        common = {one["name"] for one in reports["common_options"]}
        for one in reports["reports"]:
            operation = told["paths"][f"/api/v1/reports/{one['name']}"]["get"]
            check({parameter["name"] for parameter in operation["parameters"]}, {option["name"] for option in one["options"]} | common | {"format"}, one["name"])
            check({parameter["name"] for parameter in operation["parameters"] if parameter["required"]}, {option["name"] for option in one["options"] if option["required"]}, one["name"])
        table = re.findall(r'\{"([A-Z ]+)", "(/api/v1/[^"]+)"', (ROOT / "src" / "server" / "routes.c").read_text())
        assert len(table) > 20
        for methods, route in table:
            if route != "/api/v1/reports/":
                name = route + "{id}" if route.endswith("/") else route.replace("*", "{id}")
                for method in methods.split():
                    assert method.lower() in told["paths"][name], f"{method} {name}"
        ids = [operation["operationId"] for item in told["paths"].values() for method, operation in item.items() if method != "parameters"]
        check(len(ids), len(set(ids)))
        summaries = [operation["summary"] for item in told["paths"].values() for method, operation in item.items() if method != "parameters"]
        assert all(summaries)


if __name__ == "__main__":
    done()
