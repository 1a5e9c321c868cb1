# SPDX-License-Identifier: Apache-2.0
"""What the tests of the whole program share: run it, compare, print TAP.

    from tap import check, etappe, folder, done, test

    @test
    def an_empty_file_is_refused():
        ...
    done()
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

PROGRAM = os.environ.get("ETAPPE", "build/etappe")
DATA = pathlib.Path(os.environ.get("ETAPPE_TEST_DATA", pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"))
_tests = []


class Skip(Exception):
    """Raised by a test whose data or tool is missing; its text says which."""


def test(function):
    _tests.append(function)
    return function


def done():
    """Runs every @test (or those named on the command line) and prints TAP."""
    wanted = sys.argv[1:]
    chosen = [f for f in _tests if not wanted or any(w in f.__name__ for w in wanted)]
    print(f"1..{len(chosen)}")
    failed = False
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {number} - {name}")
        except Skip as skip:
            print(f"ok {number} - {name} # SKIP {skip}")
        except Exception:
            failed = True
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


@contextlib.contextmanager
def folder():
    """A fresh folder that goes away; the working folder stays."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="etappe-test-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def etappe(*arguments, db=None, expect=0, env=None, stdin=None, timeout=300):
    """Runs the program; returns the finished process with text output. `expect`: exit code, None for any."""
    environment = {**os.environ, **(env or {})}
    if db is not None:
        environment["ETAPPE_DB"] = str(db)
    result = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=not isinstance(stdin, bytes),
                            env=environment, timeout=timeout)
    if expect is not None and result.returncode != expect:
        raise AssertionError(f"etappe {' '.join(map(str, arguments))}: exit {result.returncode}, not {expect}\n{result.stdout}\n{result.stderr}")
    return result


def report(*arguments, db, **options):
    """A report as JSON."""
    return json.loads(etappe(*arguments, "--format", "json", db=db, **options).stdout)


def check(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}\n  actual:   {actual!r}\n  expected: {expected!r}")


def data(name):
    """A file of the real data kept beside the repository; skips the test where it is missing."""
    path = DATA / name
    if not path.exists():
        raise Skip(f"{name} is not at {DATA} (set ETAPPE_TEST_DATA)")
    return path
