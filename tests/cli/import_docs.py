# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of docs/import.md: blocks `csv NAME` are files, blocks `console` are commands and what they print."""
import os
import pathlib
import re
import subprocess

from importing import ROOT
from tap import PROGRAM, check, done, folder, test

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.M | re.S)


def commands(block):
    """Pairs of a command and what follows it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


@test
def the_examples_print_what_the_page_says():
    page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    ran = 0
    with folder() as place:
        (place / "etappe").symlink_to(pathlib.Path(PROGRAM).resolve())
        environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        for kind, name, content in BLOCK.findall(page):
            if kind == "csv":
                (place / name).write_text(content, encoding="utf-8")
                continue
            for command, expected in commands(content) if kind == "console" else []:
                result = subprocess.run(command, shell=True, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                check(result.stdout.replace("\r\n", "\n"), expected, command)
                ran += 1
    check(ran >= 7, True, "the page has examples")


done()
