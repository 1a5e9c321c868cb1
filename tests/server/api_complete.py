# SPDX-License-Identifier: Apache-2.0
"""A half-typed condition: what may follow, with the names and values that are there, and what it keeps so far."""
import urllib.parse

from serving import serving
from signing import first_account
from tap import check, done, folder, test


def told(server):
    events = [("Product Viewed", "email"), ("Product Viewed", "email"), ("Product Added", "direct"), ("Order Completed", "paid_search")]
    server.send(*[{"event": name, "userId": f"u{n % 2}", "messageId": str(n), "timestamp": "2026-01-01T00:00:00Z", "context": {"channel": channel},
                   "properties": {"colour": "dark red" if n else "blue", "size": n}} for n, (name, channel) in enumerate(events)])
    server.settle()


def ask(who, text, scope="event"):
    """The cursor is at |, else at the end."""
    at = text.find("|") if "|" in text else len(text)
    text = text.replace("|", "")
    units = len(text[:at].encode("utf-16-le")) // 2
    answer = who.get("/api/v1/complete?" + urllib.parse.urlencode({"text": text, "at": units, "scope": scope}))
    if answer.status != 200:
        raise AssertionError(repr(answer))
    return answer.json


def texts(answer):
    return [choice["text"] for choice in answer["choices"]]


def taken(text, answer, n=0):
    """The text after a choice was taken."""
    plain = text.replace("|", "")
    return plain[:answer["from"]] + answer["choices"][n]["insert"] + plain[answer["to"]:]


@test
def what_may_follow_is_offered():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        check(texts(ask(admin, "ev")), ["event", "medium"][:1], "those that begin so come first, here alone")
        check(texts(ask(admin, "col")), ["properties.colour"], "somewhere inside will do")
        check(texts(ask(admin, "event "))[:4], ["=", "!=", "in", "contains"])
        check([(one["text"], one["count"]) for one in ask(admin, "event = ")["choices"]], [("Product Viewed", 2), ("Order Completed", 1), ("Product Added", 1)])
        check(texts(ask(admin, "event = prod")), ["Product Viewed", "Product Added"])
        check(texts(ask(admin, 'event = "product a')), ["Product Added"])
        check(texts(ask(admin, "event in (")), ["Product Viewed", "Order Completed", "Product Added"])
        check(texts(ask(admin, 'event in ("Product Added", ')), ["Product Viewed", "Order Completed", "Product Added"])
        check(texts(ask(admin, 'event = "Product Added" ')), ["and", "or"])
        check(texts(ask(admin, 'event = "Product Added" and chan')), ["channel"])
        check(texts(ask(admin, "properties.colour = ")), ["dark red", "blue"])
        assert "direct" in texts(ask(admin, "not (channel = d"))
        check(texts(ask(admin, "st", "person"))[0], "stage")
        check(texts(ask(admin, "stage = ", "person")), ["awareness", "consideration", "decision", "retention", "advocacy"])
        check(texts(ask(admin, "count(ev", "person"))[0], "event")
        check(texts(ask(admin, 'count(event = "Product Viewed") ', "person"))[:3], ["=", "!=", "<"])
        check(texts(ask(admin, 'count(event = "Product Viewed", ', "person")), ["within", "by"])
        check(texts(ask(admin, 'first(event = "Product Viewed").chan', "person")), ["channel"])
        check(texts(ask(admin, 'first(event = "Product Viewed").channel = em', "person")), ["email"])


@test
def a_choice_replaces_the_word_under_the_cursor_and_is_quoted_where_needed():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        for text, becomes in (("ev", "event "), ("ev|x = 1", "event = 1"), ("event = prod", 'event = "Product Viewed" '), ('event = "prod', 'event = "Product Viewed" '),
                              ("channel = em", "channel = email "), ("channel in (em", "channel in (email"), ("ch|", "channel "),
                              ('properties.colour = "größer 😀" and event = or|', 'properties.colour = "größer 😀" and event = "Order Completed" ')):
            answer = ask(admin, text)
            units = text.replace("|", "").encode("utf-16-le")
            becomes_now = (units[:2 * answer["from"]] + answer["choices"][0]["insert"].encode("utf-16-le") + units[2 * answer["to"]:]).decode("utf-16-le")
            check(becomes_now, becomes, text)


@test
def a_whole_condition_says_what_it_keeps_and_half_of_one_what_is_missing():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        for text, scope, matches in (('event = "Product Viewed"', "event", 2), ("properties.size >= 2", "event", 2), ('not event = "Product Viewed"', "event", 2), ("channel = none_such", "event", 0),
                                     ('count(event = "Order Completed") >= 1', "person", 1), ("stage exists", "person", 2)):
            answer = ask(admin, text, scope)
            check((answer.get("matches"), answer.get("unit"), "error" in answer), (matches, f"{scope}s", False), f"{text}: {answer}")
        for text, scope, where, part in (("event = ", "event", "column 9", "expected a value"), ("evnt = 1", "event", None, "no field"), ('count(event = "a") > 1', "event", "column 1", "expected"), ('event = "a"', "person", None, "person")):
            error = ask(admin, text, scope)["error"]
            check((part in error["message"] + error.get("hint", ""), where is None or error["where"] == where), (True, True), f"{text}: {error}")
        answer = ask(admin, "")
        check(("error" in answer, "matches" in answer, texts(answer)[0]), (False, False, "event"))
        check([admin.get(f"/api/v1/complete?{query}").status for query in ("text=a&at=-1", "text=a&scope=all", f"text={'a' * 15000}%20")], [400, 400, 200])


@test
def viewers_see_no_values_that_describe_people():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        viewer = first_account(server).add("viewer")
        check(texts(ask(viewer, "properties.colour = ")), [])
        check(texts(ask(viewer, "event = or")), ["Order Completed"])


if __name__ == "__main__":
    done()
