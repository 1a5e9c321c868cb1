# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every route for every role and key, the page's own token and origin; accounts, keys, sources, audit."""
from serving import serving
from signing import PASSWORD, first_account, sign_in
from tap import check, done, folder, test

# method, path, body: the least that may, of viewer analyst admin; and of keys read admin.
ROUTES = [
    ("GET", "/api/v1/reports", None, "viewer", "read"),
    ("GET", "/api/v1/reports/overview", None, "viewer", "read"),
    ("POST", "/api/v1/reports/overview", {}, "viewer", "read"),
    ("GET", "/api/v1/sources", None, "viewer", "read"),
    ("GET", "/api/v1/project", None, "viewer", "read"),
    ("GET", "/api/v1/complete?text=event&at=5&scope=event", None, "viewer", "read"),
    ("GET", "/api/v1/openapi.json", None, "viewer", "read"),
    ("GET", "/api/v1/persons", None, "analyst", "read"),
    ("GET", "/api/v1/persons/user:anna", None, "analyst", "read"),
    ("POST", "/api/v1/persons/merge", {"a": "user:anna", "b": "user:nobody"}, "analyst", "admin"),
    ("POST", "/api/v1/persons/unmerge", {"a": "user:anna", "b": "user:nobody"}, "analyst", "admin"),
    ("POST", "/api/v1/project/check", {"text": "version: 1\n"}, "analyst", "admin"),
    ("POST", "/api/v1/import/preview?name=a.csv", b"user,time,event\na,2026-01-01,b\n", "analyst", "admin"),
    ("POST", "/api/v1/import?name=a.csv", b"user,time,event\na,2026-01-01,b\n", "analyst", "admin"),
    ("GET", "/api/v1/imports", None, "analyst", "admin"),
    ("DELETE", "/api/v1/imports/99", None, "analyst", "admin"),
    ("POST", "/api/v1/demo", {}, "analyst", "admin"),
    ("PUT", "/api/v1/project", {"text": "version: 1\n", "number": 99}, "admin", "admin"),
    ("GET", "/api/v1/accounts", None, "admin", "admin"),
    ("POST", "/api/v1/accounts", {"name": "x"}, "admin", "admin"),
    ("PUT", "/api/v1/accounts/99", {"role": "viewer"}, "admin", "admin"),
    ("DELETE", "/api/v1/accounts/99", None, "admin", "admin"),
    ("GET", "/api/v1/keys", None, "admin", "admin"),
    ("POST", "/api/v1/keys", {"name": "x"}, "admin", "admin"),
    ("DELETE", "/api/v1/keys/99", None, "admin", "admin"),
    ("GET", "/api/v1/audit", None, "admin", "admin"),
]
ROLES = ["viewer", "analyst", "admin"]


def told(server):
    server.send({"event": "Page Viewed", "userId": "anna", "messageId": "1", "timestamp": "2026-01-01T00:00:00Z"})
    server.settle()


@test
def every_role_and_key_may_what_it_should_and_nothing_else():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        server.send(*[{"event": "Page Viewed", "userId": f"u{n}", "messageId": f"u{n}", "timestamp": "2026-01-01T00:00:00Z"} for n in range(9)])
        server.settle()
        admin = first_account(server)
        sessions = {"admin": admin, **{role: admin.add(role) for role in ROLES[:2]}}
        keys = {role: server.key(f"k-{role}", role) for role in ("source", "write", "read", "admin")}
        for method, path_, body, least, least_key in ROUTES:
            check(server.request(method, path_, body).status, 401, f"{method} {path_} by nobody")
            for role, session in sessions.items():
                answer = session.request(method, path_, body)
                check(answer.status not in (401, 403), ROLES.index(role) >= ROLES.index(least), f"{method} {path_} by {role}: {answer}")
                assert answer.status < 500, repr(answer)
            for role, key in keys.items():
                answer = server.request(method, path_, body, key)
                check(answer.status != 403, role == "admin" or role == least_key, f"{method} {path_} by key {role}: {answer}")


@test
def a_change_must_come_from_our_own_page():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        for method, path_, body, *_ in ROUTES:
            if method == "GET":
                continue
            for headers in ({"X-Etappe-Csrf": None}, {"X-Etappe-Csrf": "0" * 32}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
                answer = admin.request(method, path_, body, headers)
                check((answer.status, answer.json["error"]["code"]), (403, "forbidden"), f"{method} {path_} {headers}")
        origin = {"Origin": f"http://127.0.0.1:{server.port}"}
        check(admin.request("POST", "/api/v1/keys", {"name": "page", "role": "source"}, origin).status, 201)


@test
def accounts_are_made_changed_and_removed():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        viewer = admin.add("viewer")
        accounts = admin.get("/api/v1/accounts").json["accounts"]
        check([(one["name"], one["role"], one["seen"] is not None) for one in accounts], [("Ada", "admin", True), ("viewer", "viewer", True)])
        check([key for key in accounts[0]], ["id", "name", "email", "role", "created", "seen"])
        number = viewer.account["id"]
        check(admin.put(f"/api/v1/accounts/{number}", {"role": "analyst"}).status, 204)
        check(sign_in(server, "viewer@example.org").get("/api/v1/persons").status, 200)
        check(admin.put(f"/api/v1/accounts/{number}", {"password": "another long password"}).status, 204)
        check(server.post("/api/v1/session", {"email": "viewer@example.org", "password": PASSWORD}).status, 401)
        own = sign_in(server, "viewer@example.org", "another long password")
        check(own.put("/api/v1/account", {"password": "wrong", "new_password": PASSWORD}).status, 403)
        check(own.put("/api/v1/account", {"password": "another long password", "new_password": "short"}).status, 400)
        changed = own.put("/api/v1/account", {"password": "another long password", "new_password": PASSWORD})
        check((changed.status, changed.json["user"]["id"], "Set-Cookie" in changed.headers), (200, number, True), repr(changed))
        check(sign_in(server, "viewer@example.org").account["id"], number)
        for method, path_, body, status in (("PUT", f"/api/v1/accounts/{number}", {"role": "king"}, 400), ("PUT", f"/api/v1/accounts/{number}", {}, 400), ("PUT", "/api/v1/accounts/77", {"role": "viewer"}, 404),
                                            ("PUT", "/api/v1/accounts/77", {"password": PASSWORD}, 404), ("DELETE", "/api/v1/accounts/x", None, 404), ("DELETE", f"/api/v1/accounts/{admin.account['id']}", None, 409),
                                            ("PUT", f"/api/v1/accounts/{admin.account['id']}", {"role": "viewer"}, 409), ("POST", "/api/v1/accounts", {"name": "a", "email": "ada@example.org", "password": PASSWORD, "role": "viewer"}, 409)):
            answer = admin.request(method, path_, body)
            check(answer.status, status, f"{method} {path_} {answer}")
        check(admin.delete(f"/api/v1/accounts/{number}").status, 204)
        check(len(admin.get("/api/v1/accounts").json["accounts"]), 1)


@test
def a_key_is_shown_once_and_serves_until_it_is_revoked():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        made = admin.post("/api/v1/keys", {"name": "till", "role": "write", "group": "shop"})
        check(made.status, 201)
        key = made.json["key"]
        check(server.post("/v1/events", [{"event": "a", "userId": "u"}], key).status, 200)
        listed = admin.get("/api/v1/keys").json["keys"]
        check([(one["name"], one["role"], one["kind"], one["group"], key.startswith(one["hint"]), key in str(one)) for one in listed], [("till", "write", "server", "shop", True, False)])
        server.settle()
        source = admin.get("/api/v1/sources").json["sources"][0]
        check((source["source"], source["kind"], source["group"], source["events"], source["arriving"], source["last"] is not None), ("till", "server", "shop", 1, True, True))
        check(admin.post("/api/v1/keys", {"name": "till", "role": "write", "kind": "web"}).status, 409)
        check([admin.post("/api/v1/keys", body).status for body in ({"name": "x", "role": "boss"}, {"role": "read"}, {"name": "x", "role": "write", "kind": "file"}, {"name": "", "role": "write"})], [400] * 4)
        check(admin.delete(f"/api/v1/keys/{listed[0]['id']}").status, 204)
        check(server.post("/v1/events", [{"event": "a", "userId": "u"}], key).status, 401)
        check(admin.delete("/api/v1/keys/77").status, 404)


@test
def the_audit_tells_who_did_what_by_ids_only():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        analyst = admin.add("analyst", "berta")
        anna = analyst.get("/api/v1/persons/user:anna").json["person"]
        analyst.get("/api/v1/persons?report=journeys&who=open&where=event%20%3D%20%22anna%20secret%22")
        server.get("/api/v1/persons", server.key("till", "read"))
        server.send({"event": "x", "userId": "ben"})
        server.settle()
        analyst.post("/api/v1/persons/merge", {"a": "user:ben", "b": "user:anna"})
        entries = admin.get("/api/v1/audit").json["entries"]
        who = f"account:{analyst.account['id']}"
        check([(one["actor"], one["action"], one["subject"]) for one in entries[:4]],
              [(who, "person.merge", anna), ("key:till", "persons.list", "all"), (who, "persons.list", "journeys open"), (who, "person.show", anna)])
        assert not any(word in str(entries) for word in ("user:anna", "secret", "berta", "example.org")), entries
        check(admin.get(f"/api/v1/audit?before={entries[0]['id']}&limit=2").json["entries"], entries[1:3])
        check(admin.get("/api/v1/audit?limit=x").status, 400)


def small(value):
    """Every number of one to four that counts somebody."""
    if isinstance(value, dict):
        return [f"{key} {one}" for key, one in value.items() if key in ("persons", "reached", "now", "count", "conversions", "dropped", "total") and one in (1, 2, 3, 4)] + [one for part in value.values() for one in small(part)]
    return [one for part in value for one in small(part)] if isinstance(value, list) else []


@test
def viewers_see_no_group_of_fewer_than_five():
    with folder() as path, serving(path / "a.db") as server:
        def story(who, channel, *names):
            return [{"event": name, "userId": who, "messageId": who + name, "timestamp": f"2026-01-01T00:0{n}:00Z", "context": {"channel": channel}} for n, name in enumerate(names)]

        # 40 view; 12 by mail, 25 direct, 3 by sms. 37 put in, and 30 of them buy.
        for n in range(40):
            names = ("Product Viewed", "Product Added", "Order Completed")[: 3 if n < 30 else 2 if n < 37 else 1]
            server.send(*story(f"u{n}", "email" if n < 12 else "direct" if n < 37 else "sms", *names))
        server.settle()
        admin = first_account(server)
        viewer = admin.add("viewer")
        funnel = "/api/v1/reports/funnel?step=Product%20Viewed&step=Product%20Added&step=Order%20Completed&by=channel"
        whole, shown = admin.get(funnel).json, viewer.get(funnel).json
        check([step["reached"] for step in whole["steps"]], [40, 37, 30])
        check([(step["reached"], step["dropped"]) for step in shown["steps"]], [(40, None), (None, None), (30, 0)], "37 would tell of the 3")
        check({group["value"]: group["total"] for group in shown["groups"]}, {"direct": 25, "email": None, "sms": None}, "with the next smallest, or 40 - 25 - 12 were 3")
        assert small(admin.get("/api/v1/reports/paths?key=channel").json), "there is something to hide"
        for name in ("overview", "map", "stages", "journeys", "attribution", "paths", "paths?key=channel"):
            check(small(viewer.get(f"/api/v1/reports/{name}").json), [], name)
        check(viewer.get("/api/v1/reports/overview").json["persons"], 40, "what is of many stays")
        check(viewer.get("/api/v1/reports/overview?among=count(channel%20%3D%20sms)%20%3E%3D%201").status, 403, "a question about three")
        for more in ("&who=dropped:1", "&format=csv"):
            check((viewer.get(funnel + more).status, admin.get(funnel + more).status), (403, 200), more)
        check((viewer.get("/api/v1/reports/map?format=png").status, admin.get("/api/v1/reports/map?format=png").body[:4]), (403, b"\x89PNG"))
        check(admin.get("/api/v1/reports/map?format=pdf").body[:4], b"%PDF")


if __name__ == "__main__":
    done()
