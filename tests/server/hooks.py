# SPDX-License-Identifier: Apache-2.0
"""examples/hooks as its README has it: payloads as their programs document them, orders net of refunds, coupons, scores."""
import os
import pathlib
import subprocess
import sys

from serving import serving
from tap import check, done, etappe, folder, report, test

HOOKS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "hooks"
SECRETS = {"SHOPIFY_SECRET": "s1", "WOOCOMMERCE_SECRET": "s2", "BREVO_TOKEN": "s3", "TYPEFORM_SECRET": "s4"}
NOW = {"now": "2025-12-31"}


def send(server, hook, file, *more, secrets=SECRETS, expect=0):
    result = subprocess.run([sys.executable, HOOKS / "send.py", hook, HOOKS / file, "--address", f"http://127.0.0.1:{server.port}", *more],
                            capture_output=True, text=True, env={**os.environ, **secrets})
    check(result.returncode, expect, result.stdout + result.stderr)
    return result.stdout.strip()


def serving_hooks(path):
    etappe("project", "apply", HOOKS / "project.yaml", db=path / "shop.db")
    return serving(path / "shop.db", env=SECRETS)


TAKEN = '{"taken":1,"skipped":0,"refused":0}'
SKIPPED = '{"taken":0,"skipped":1,"refused":0}'


@test
def orders_count_net_of_refunds_each_once():
    with folder() as path, serving_hooks(path) as server:
        for _ in range(2):  # programs send again
            check(send(server, "shopify-orders", "shopify/order.json", "--topic", "orders/paid"), TAKEN)
            check(send(server, "shopify-refunds", "shopify/refund.json"), TAKEN)
            check(send(server, "woocommerce-orders", "woocommerce/order.json"), TAKEN)
            check(send(server, "woocommerce-refunds", "woocommerce/order.json"), TAKEN)
        order = next(g for g in server.report("overview", **NOW)["goals"] if g["goal"] == "order")
        check((order["conversions"], order["value"], order["net_value"]), (2, 89.15, 51.75))
        check(send(server, "shopify-orders", "shopify/order.json", "--topic", "orders/updated"), SKIPPED)


@test
def a_coupon_has_its_share():
    with folder() as path, serving_hooks(path) as server:
        send(server, "shopify-orders", "shopify/order.json", "--topic", "orders/paid")
        send(server, "woocommerce-orders", "woocommerce/order.json")
        send(server, "brevo", "brevo/click.json")
        credits = server.report("attribution", goal="order", model=["linear"], **NOW)["models"][0]["credits"]
        check(sorted((c["key"], c["conversions"]) for c in credits), [("email", 0.5), ("influencer", 0.5), ("print", 1)])


@test
def opens_and_clicks_are_of_the_buyer_and_proxies_are_nobody():
    with folder() as path, serving_hooks(path) as server:
        check(send(server, "brevo", "brevo/opened.json"), TAKEN)
        check(send(server, "brevo", "brevo/click.json"), TAKEN)
        check(send(server, "brevo", "brevo/proxy_open.json"), SKIPPED)
        send(server, "shopify-orders", "shopify/order.json", "--topic", "orders/paid")
        buyer = server.person("user:115310627314723954")
        check([e["event"] for e in buyer["events"]], ["Email Opened", "Email Link Clicked", "Coupon Redeemed", "Order Completed"])
        check(buyer["events"][0]["time"], "2025-12-19T07:00:00.000Z")


@test
def a_score_is_the_buyers():
    with folder() as path, serving_hooks(path) as server:
        send(server, "shopify-orders", "shopify/order.json", "--topic", "orders/paid")
        check(send(server, "typeform", "survey/response.json"), TAKEN)
        buyer = server.person("user:115310627314723954")
        check(buyer["events"][-1]["event"], "Survey Answered")


@test
def forged_requests_change_nothing():
    with folder() as path, serving_hooks(path) as server:
        wrong = dict.fromkeys(SECRETS, "wrong")
        for hook, file in [("shopify-orders", "shopify/order.json"), ("woocommerce-refunds", "woocommerce/order.json"),
                           ("brevo", "brevo/click.json"), ("typeform", "survey/response.json")]:
            check(send(server, hook, file, secrets=wrong, expect=1)[:3], "403", hook)
        check(server.post("/v1/hooks/nobody", {}).status, 404)
        check(server.report("overview")["events"], 0)


@test
def woocommerce_tries_the_address_with_a_form():
    with folder() as path, serving_hooks(path) as server:
        check(send(server, "woocommerce-orders", "woocommerce/ping.txt", "--type", "application/x-www-form-urlencoded"), SKIPPED)


@test
def a_till_is_imported():
    with folder() as path:
        etappe("project", "apply", HOOKS / "project.yaml", db=path / "shop.db")
        etappe("import", HOOKS / "till" / "sales.csv", "--source", "till", "--timezone", "Europe/Berlin", "--set", "event=Order Completed",
               "--set", "place=store", "--map", "time=sold_at", "--map", "card=card", "--map", "order=receipt", "--map", "id=receipt",
               "--map", "value=total", "--map", "currency=currency", db=path / "shop.db")
        etappe("doctor", db=path / "shop.db")
        credits = report("attribution", "--goal", "order", "--model", "last", db=path / "shop.db")["models"][0]["credits"]
        check(sorted((c["key"], c["conversions"]) for c in credits), [("(none)", 1), ("print", 1)], "a receipt's coupon")
        order = next(g for g in report("overview", db=path / "shop.db")["goals"] if g["goal"] == "order")
        check((order["conversions"], order["value"]), (2, 85.9))


done()
