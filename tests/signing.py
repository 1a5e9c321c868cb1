# SPDX-License-Identifier: Apache-2.0
"""Accounts of a served project, as the app's pages use them.

    admin = first_account(server)                 by the one-time link that the server prints
    viewer = admin.add("viewer")                  another account, signed in
    viewer.get("/api/v1/session").json
"""
import re

PASSWORD = "correct horse battery"


class Session:
    def __init__(self, server, answer):
        self.server = server
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        self.csrf = answer.json["csrf"]
        self.account = answer.json["user"]

    def request(self, method, path, body=None, headers=None):
        headers = {"Cookie": self.cookie, "X-Etappe-Csrf": self.csrf, **(headers or {})}
        return self.server.request(method, path, body, headers={name: value for name, value in headers.items() if value is not None})

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, body if body is not None else {})

    def put(self, path, body):
        return self.request("PUT", path, body)

    def delete(self, path):
        return self.request("DELETE", path)

    def add(self, role, name=None):
        email = f"{name or role}@example.org"
        answer = self.post("/api/v1/accounts", {"name": name or role, "email": email, "password": PASSWORD, "role": role})
        if answer.status != 201:
            raise AssertionError(repr(answer))
        return sign_in(self.server, email)


def sign_in(server, email, password=PASSWORD):
    answer = server.post("/api/v1/session", {"email": email, "password": password})
    if answer.status != 200:
        raise AssertionError(repr(answer))
    return Session(server, answer)


def first_account(server):
    token = re.search(r"token=(\w+)", server.process.stdout.readline()).group(1)
    answer = server.post("/api/v1/setup", {"token": token, "name": "Ada", "email": "ada@example.org", "password": PASSWORD})
    if answer.status != 200:
        raise AssertionError(repr(answer))
    return Session(server, answer)
