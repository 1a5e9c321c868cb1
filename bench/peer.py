#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ClickHouse inside this process, asked line by line: reads {"sql": ..., "repeat": n} on standard input, writes
{"ms": [each run], "rows": text of the last answer (TSV)} or {"error": ...}; at the end of input {"rss": peak bytes}.
Usage: peer.py LIBRARY FOLDER"""
import ctypes
import json
import resource
import sys
import time

library = ctypes.CDLL(sys.argv[1])
for name, result, arguments in [
        ("chdb_connect", ctypes.c_void_p, [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]),
        ("chdb_query", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
        ("chdb_result_buffer", ctypes.c_void_p, [ctypes.c_void_p]),
        ("chdb_result_length", ctypes.c_size_t, [ctypes.c_void_p]),
        ("chdb_result_error", ctypes.c_char_p, [ctypes.c_void_p]),
        ("chdb_destroy_query_result", None, [ctypes.c_void_p]),
        ("chdb_close_conn", None, [ctypes.c_void_p])]:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments

arguments = [b"clickhouse", b"--path=" + sys.argv[2].encode()]
connection = library.chdb_connect(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments))
if not connection:
    sys.exit("ClickHouse does not start")
handle = ctypes.c_void_p.from_address(connection)


def ask(sql):
    start = time.perf_counter()
    result = library.chdb_query(handle, sql.encode(), b"TabSeparated")
    ms = (time.perf_counter() - start) * 1000
    try:
        error = library.chdb_result_error(result)
        if error:
            raise RuntimeError(error.decode(errors="replace"))
        at = library.chdb_result_buffer(result)
        return ms, ctypes.string_at(at, library.chdb_result_length(result)).decode() if at else ""
    finally:
        library.chdb_destroy_query_result(result)


for line in sys.stdin:
    order = json.loads(line)
    try:
        runs = [ask(order["sql"]) for _ in range(order.get("repeat", 1))]
        answer = {"ms": [ms for ms, _ in runs], "rows": runs[-1][1]}
    except RuntimeError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
library.chdb_close_conn(connection)
print(json.dumps({"rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
