"""A stand-in for Statistics Denmark's StatBank on loopback: `POST /v1/tableinfo` and `POST
/v1/data` for a table like PHD1.

The numbers are made up. Shapes are those of the documentation and of recorded answers: upper-case
headings, INDHOLD in English too, BULK without zeros, its rows in no order, errors as JSON with a
code and status 400.
"""

from __future__ import annotations

import http.server
import json
import random
import threading
import time

YEARS = range(1996, 2025)


def persons(year, sex):
    """Women and men who began in a year; `TOT` is both."""
    each = {"K": 2 * (year - 1990), "M": 3 * (year - 1990)}
    return sum(each.values()) if sex == "TOT" else each[sex]


CELLS = {("SUM", sex, str(year)): persons(year, sex) for year in YEARS for sex in ("TOT", "M", "K")}


class StatBank:
    """`with StatBank() as server: … server.url`. `cells` by (field, sex, year), text for a sign;
    `faults` are names of `FAULTS`, one an answer, in turn, None for a good one.
    """

    def __init__(self, cells=CELLS, faults=()):
        self.cells, self.faults, self.questions = dict(cells), list(faults), []

    def __enter__(self):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.questions.append((self.path, question))
                status, body = stand_in.answer(self.path, question)
                fault = stand_in.faults.pop(0) if stand_in.faults else None
                status, body, told = (
                    FAULTS[fault](status, body) if fault else (status, body, len(body))
                )
                if status is None:  # not a byte until the client has gone
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(told))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_): ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, question):
        if question.get("table", "").casefold() != "phd1":
            return 400, complaint("EXTRACT-NOTFOUND", "Tabellen blev ikke fundet")
        if path == "/v1/tableinfo":
            return 200, json.dumps(self.info()).encode()
        return self.data({v["code"].casefold(): v["values"] for v in question["variables"]})

    def info(self):
        variables = [("HOMR", "main field"), ("KOEN", "sex"), ("Tid", "time")]
        return {
            "id": "PHD1",
            "text": "Intake of students at PhD-programmes",
            "unit": "Number",
            "updated": "2025-10-01T08:00:00",
            "active": True,
            "variables": [
                {
                    "id": code,
                    "text": text,
                    "elimination": code != "Tid",
                    "time": code == "Tid",
                    "values": [
                        {"id": i, "text": i} for i in sorted({cell[n] for cell in self.cells})
                    ],
                }
                for n, (code, text) in enumerate(variables)
            ],
        }

    def data(self, chosen):
        there = [{cell[n] for cell in self.cells} for n in range(3)]
        wanted = [chosen.get(code) for code in ("homr", "koen", "tid")]
        if None in wanted:
            return 400, complaint("EXTRACT-ELIMINATION", "Der kan ikke elimineres i BULK")
        unknown = [
            v
            for values, known in zip(wanted, there, strict=True)
            for v in values
            if v != "*" and v not in known
        ]
        if unknown:
            return 400, complaint("EXTRACT-NOTFOUND", f"Can't find value: {unknown[0]}")
        rows = [
            f"{';'.join(cell)};{n}"
            for cell, n in self.cells.items()
            if n != 0
            and all(
                value in values or "*" in values for value, values in zip(cell, wanted, strict=True)
            )
        ]
        return 200, "\n".join(
            ["HOMR;KOEN;TID;INDHOLD", *random.Random(7).sample(rows, len(rows)), ""]
        ).encode()


def complaint(code, message):
    return json.dumps({"errorTypeCode": code, "message": message}).encode()


def _hang(status, body):
    time.sleep(1.0)
    return None, b"", 0


FAULTS = {  # (status, body) as they would be -> status, body, and the length the header tells of
    "http_500": lambda status, body: (500, b"<h1>Internal Server Error</h1>", 30),
    "http_503": lambda status, body: (503, b"", 0),
    "html": lambda status, body: (200, b"<html>We are working on it</html>", 33),
    "limit": lambda status, body: (
        400,
        limit := complaint("REQUEST-LIMIT", "Antal celler overskrider 1.000.000"),
        len(limit),
    ),
    "limit_200": lambda status, body: (
        200,
        limit := complaint("REQUEST-LIMIT", "Antal celler overskrider 1.000.000"),
        len(limit),
    ),
    "moved": lambda status, body: (404, b"", 0),
    "cut_wire": lambda status, body: (status, body[:-40], len(body)),
    "cut_line": lambda status, body: (
        status,
        cut := body[: body.rindex(b"\n", 0, -1) + 1],
        len(cut),
    ),
    "cut_number": lambda status, body: (status, body[:-2], len(body) - 2),
    "latin": lambda status, body: (status, body + "ærø".encode("latin-1"), len(body) + 3),
    "hang": _hang,
}
