# SPDX-License-Identifier: Apache-2.0
"""etappe link: addresses that only this project can make, pictures that a reader can read."""
import json
import os
import pathlib
import subprocess

from tap import Skip, check, done, etappe, folder, test

MODULES = pathlib.Path(__file__).resolve().parents[2] / "deps" / "clients" / "node_modules"
READ = """
const {PNG} = require("pngjs"), jsqr = require("jsqr"), {readFileSync} = require("node:fs");
const png = PNG.sync.read(readFileSync(process.argv[1]));
console.log(JSON.stringify([png.width, png.height, jsqr(new Uint8ClampedArray(png.data), png.width, png.height)?.data ?? null]));
"""


def project(path):
    (path / "one.csv").write_text("ts,user,event\n2025-01-01,anna,Signed In\n")
    etappe("import", path / "one.csv", "--map", "time=ts", "--map", "person=user", "--map", "event=event", db=path / "a.db")
    return path / "a.db"


def create(db, *more, expect=0):
    return etappe("link", "create", "--to", "https://shop.example.com/?a=1#top", "--name", "hero", *more, db=db, expect=expect)


@test
def a_link_is_always_the_same_and_shown_again():
    with folder() as path:
        db = project(path)
        words = ["--medium", "email", "--campaign", "spring & more", "--person", "email:anna@example.com", "--base", "https://t.example.com/"]
        address = create(db, *words).stdout.strip()
        check(address, create(db, *words).stdout.strip())
        check(address.startswith("https://t.example.com/l/") and "anna" not in address, True, address)
        shown = dict(line.split(None, 1) for line in etappe("link", "show", address, db=db).stdout.splitlines())
        check(shown, {"to": "https://shop.example.com/?a=1&utm_medium=email&utm_campaign=spring%20%26%20more#top", "name": "hero", "medium": "email",
                      "campaign": "spring & more", "person": "email:anna@example.com", "event": "Email Link Clicked"})
        plain = create(db, "--medium", "qr", "--plain").stdout.strip()
        shown = etappe("link", "show", plain, db=db).stdout
        check("https://shop.example.com/?a=1#top\n" in shown and "QR Code Scanned" in shown, True, shown)


@test
def letters_of_any_language_may_stand_in_an_address():
    with folder() as path:
        db = project(path)
        address = etappe("link", "create", "--to", "https://shop.example.com/Gr\u00f6\u00dfe?q=\u00e4", "--name", "x", db=db).stdout.strip()
        check("https://shop.example.com/Gr%C3%B6%C3%9Fe?q=%C3%A4\n" in etappe("link", "show", address, db=db).stdout, True)


@test
def a_pixel_is_no_link():
    with folder() as path:
        db = project(path)
        address = etappe("link", "pixel", "--name", "spring", "--medium", "email", db=db).stdout.strip()
        check(address.startswith("http://127.0.0.1:8080/o/") and address.endswith(".gif"), True, address)
        check("Email Opened" in etappe("link", "show", address, db=db).stdout, True)


@test
def what_was_not_made_here_is_unknown():
    with folder() as one, folder() as other:
        address = create(project(one)).stdout.strip()
        etappe("link", "show", address, db=project(other), expect=1)
        etappe("link", "show", address[:-1], db=one / "a.db", expect=1)


@test
def only_web_addresses_are_targets():
    with folder() as path:
        db = project(path)
        for target in ["javascript:alert(1)", "//evil.example", "ftp://a.de/", "https://a.de/\r\nSet-Cookie: x", "https://u:p@a.de/", ""]:
            result = etappe("link", "create", "--to", target, "--name", "x", db=db, expect=None)
            check((result.returncode in (1, 2), result.stdout), (True, ""), target)
        etappe("link", "create", "--to", "https://a.de/", db=db, expect=1)
        check("usr" in create(db, "--person", "usr:anna", expect=1).stderr, True)
        etappe("link", "create", "--name", "x", db=db, expect=2)
        etappe("link", "make", db=db, expect=2)


@test
def a_qr_code_can_be_read():
    if not (MODULES / "jsqr").exists():
        raise Skip("the reader is not installed (tools/install-deps test)")
    with folder() as path:
        address = create(project(path), "--medium", "qr", "--campaign", "poster").stdout.strip()
        for name in ("code.png", "code.svg"):
            etappe("link", "qr", address, "--out", path / name)
        read = subprocess.run(["node", "-e", READ, str(path / "code.png")], capture_output=True, text=True, check=True, env={**os.environ, "NODE_PATH": str(MODULES)})
        width, height, text = json.loads(read.stdout)
        check((width, text), (height, address))
        svg = (path / "code.svg").read_text()
        check(svg.startswith("<?xml") and svg.count("<path") == 1 and f'width="{width}"' in svg, True, svg[:200])
        etappe("link", "qr", "x" * 2332, "--out", path / "long.svg", expect=1)
        etappe("link", "qr", address, "--out", path / "code.gif", expect=2)


done()
