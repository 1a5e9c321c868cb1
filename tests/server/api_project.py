# SPDX-License-Identifier: Apache-2.0
"""The project file over HTTP: what a change would do, errors with their place, and two who edit at once."""
from serving import serving
from signing import first_account
from tap import check, done, etappe, folder, test

RULES = """version: 1
goals:
  - name: signup
    when: event = "Signed Up"
  - name: order
    when: event = "Order Completed"
    value: properties.total
    closes: true
"""


def told(server):
    server.send(*[{"event": name, "userId": who, "messageId": who + name, "timestamp": "2026-01-01T00:00:00Z", "properties": {"total": 10}}
                  for who in ("anna", "ben") for name in ("Signed Up", "Order Completed")])
    server.settle()


@test
def a_change_is_tried_out_before_it_is_applied():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        before = admin.get("/api/v1/project").json
        check((before["text"], before["number"], before["default"], "stages:" in before["preset_text"]), ("", 0, True, True))
        answer = admin.post("/api/v1/project/check", {"text": RULES})
        effects = {one["figure"]: (one["before"], one["after"]) for one in answer.json["effects"]}
        check((effects["goal signup"], effects["goal order"], effects["goal order: value"]), ((None, 2), (2, 2), (20, 20)))
        assert any("matches nothing" in note for note in answer.json["notes"])
        check(admin.get("/api/v1/project").json, before, "nothing was applied")
        applied = admin.put("/api/v1/project", {"text": RULES, "number": 0})
        check((applied.status, applied.json["text"], applied.json["default"]), (200, RULES, False), repr(applied))
        (path / "p.yaml").write_text(RULES)
        check([goal["goal"] for goal in admin.get("/api/v1/reports/overview").json["goals"]], ["signup", "order"], "reports know it at once")
        check(etappe("project", "show", db=path / "a.db").stdout, RULES)
        check(admin.get("/api/v1/session").json["project"]["goals"][0]["name"], "signup")


@test
def what_cannot_be_read_says_where():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        for text, where, part in ((RULES.replace('= "Signed Up"', '= = 1'), "line 4, goals[1]", "expected a value"),
                                  ("version: 1\ngoalz: 1\n", "line 2, top", "no key"), ("version: 1\n a: [\n", "line 2, column 3", "YAML")):
            for answer in (admin.post("/api/v1/project/check", {"text": text}), admin.put("/api/v1/project", {"text": text, "number": 0})):
                error = answer.json["error"]
                check((answer.status, error["where"], part in error["message"]), (400, where, True), repr(answer))


@test
def of_two_who_edit_at_once_the_second_is_told():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        number = admin.put("/api/v1/project", {"text": RULES, "number": 0}).json["number"]
        late = admin.put("/api/v1/project", {"text": "version: 1\n", "number": 0})
        check((late.status, late.json["error"]["code"]), (409, "conflict"))
        check(admin.get("/api/v1/project").json["text"], RULES)
        check(admin.put("/api/v1/project", {"text": "version: 1\n", "number": number}).status, 200)
        check(admin.put("/api/v1/project", {"text": "version: 1\n"}).status, 400)


if __name__ == "__main__":
    done()
