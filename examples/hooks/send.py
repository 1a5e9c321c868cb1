#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends a payload to a hook as its program would, signed with the secret in the environment.

    send.py HOOK FILE [--address http://127.0.0.1:8080] [--topic orders/paid] [--type TYPE]
"""
import argparse
import base64
import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.request

# hook: variable of the secret, header of the proof, what stands in it
PROOFS = {
    "shopify-orders": ("SHOPIFY_SECRET", "X-Shopify-Hmac-Sha256", "{hash}"),
    "shopify-refunds": ("SHOPIFY_SECRET", "X-Shopify-Hmac-Sha256", "{hash}"),
    "woocommerce-orders": ("WOOCOMMERCE_SECRET", "X-WC-Webhook-Signature", "{hash}"),
    "woocommerce-refunds": ("WOOCOMMERCE_SECRET", "X-WC-Webhook-Signature", "{hash}"),
    "brevo": ("BREVO_TOKEN", "Authorization", "Bearer {secret}"),
    "typeform": ("TYPEFORM_SECRET", "Typeform-Signature", "sha256={hash}"),
}

parser = argparse.ArgumentParser()
parser.add_argument("hook", choices=PROOFS)
parser.add_argument("file")
parser.add_argument("--address", default="http://127.0.0.1:8080")
parser.add_argument("--topic")
parser.add_argument("--type", default="application/json")
given = parser.parse_args()

variable, header, proof = PROOFS[given.hook]
secret = os.environ[variable]
with open(given.file, "rb") as file:
    body = file.read()
signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
headers = {"Content-Type": given.type, header: proof.format(hash=signature, secret=secret)}
if given.topic:
    headers["X-Shopify-Topic"] = given.topic
try:
    with urllib.request.urlopen(urllib.request.Request(f"{given.address}/v1/hooks/{given.hook}", body, headers)) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.status, error.read().decode())
    sys.exit(1)
