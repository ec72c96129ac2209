#!/usr/bin/env python3
"""What the server takes in by each protocol: records and bytes a second, and for a core of its own, beside a parse of the same bytes.

    make bench-protocols                   a row for each protocol; `make bench-ingest` prints them too

Each protocol gets the same records of an audit log, 1,000 in a request, from four senders at once; the server's processor time is what
counts, as the senders run beside it. The peer parses the bodies with serde_json and does nothing with them (of protocols that are not
JSON, the records as JSON lines). Needs nothing but Python; protocols that need a package (opentelemetry-proto, grpcio) are left out
without it, and named.
"""
import argparse
import base64
import datetime
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from store import PROGRAM, ROOT, Server

BATCH = 1_000
SENDERS = 4
WORKSPACE_ID = "11111111-2222-3333-4444-555555555555"
COLUMNS = {"TimeGenerated": "datetime", "Operation": "string", "User": "string", "Address": "string", "Target": "string", "Outcome": "string",
           "DurationMs": "long", "Score": "real", "Detail": "dynamic"}


def records(n):
    """Returns n records of an audit log; every one is another."""
    begun = datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc)
    return [{"TimeGenerated": (begun + datetime.timedelta(milliseconds=i)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
             "Operation": ("Read", "Write", "Delete", "List")[i % 4], "User": f"user{i % 97}@contoso.example", "Address": f"203.0.113.{i % 250}",
             "Target": f"/vaults/payments/secrets/key-{i % 1009}", "Outcome": "Success" if i % 13 else "Denied", "DurationMs": i % 500,
             "Score": (i % 1000) / 1000, "Detail": {"session": f"{i * 2654435761 % 2**32:08x}", "client": "cli/2.7", "attempt": i % 3}}
            for i in range(n)]


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


class Failed(Exception):
    """A request was not answered with success."""


class Protocol:
    """One way in: how a request looks, and where its records land."""

    def __init__(self, name, path, body, table, headers=None, json_body=True):
        self.name, self.path, self.body, self.table = name, path, body, table
        self.headers, self.json_body = headers or (lambda body: {"Content-Type": "application/json"}), json_body


    def connection(self, server):
        return http.client.HTTPConnection(server.url.split("//")[1])

    def send(self, connection, body):
        """Sends a body until it is taken."""
        while True:
            connection.request("POST", self.path, body, self.headers(body))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (429, 503):
                break
            time.sleep(float(answer.headers.get("Retry-After") or 1))
        if answer.status >= 300:
            raise Failed(f"{answer.status} {text[:300]}")


class Syslog(Protocol):
    """Messages over a connection, which nobody acknowledges: over when a query sees them."""

    def connection(self, server):
        host, port = self.path.rsplit(":", 1)
        return socket.create_connection((host, int(port)))

    def send(self, connection, body):
        connection.sendall(body)


class Grpc(Protocol):
    """Calls over a connection of HTTP/2 of its own."""

    def connection(self, server):
        import grpc
        return grpc.insecure_channel(server.grpc)

    def send(self, connection, body):
        call = connection.unary_unary(self.path, request_serializer=None, response_deserializer=None)
        call(body, timeout=60)


def csv_cell(value):
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def syslog_line(row):
    return f'<134>1 {row["TimeGenerated"]} vault.contoso.example audit 77 {row["Operation"]} - user={row["User"]} address={row["Address"]} target={row["Target"]} outcome={row["Outcome"]} ms={row["DurationMs"]}'


def nanoseconds(row):
    moment = datetime.datetime.strptime(row["TimeGenerated"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return str(int(moment.timestamp() * 1_000_000)) + "000"


def splunk_events(rows):
    return "\n".join(json.dumps({"time": int(nanoseconds(row)) / 1e9, "host": "vault", "sourcetype": "BenchHec", "event": row}) for row in rows).encode()


def elastic_bulk(rows):
    return "".join('{"create":{"_index":"BenchElastic_CL"}}\n' + json.dumps(row) + "\n" for row in rows).encode()


def loki_push(rows):
    values = [[nanoseconds(row), json.dumps(row)] for row in rows]
    return json.dumps({"streams": [{"stream": {"job": "BenchLoki_CL", "host": "vault"}, "values": values}]}).encode()


def otlp_value(value):
    if isinstance(value, dict):
        return {"kvlistValue": {"values": otlp_attributes(value)}}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def otlp_attributes(row):
    return [{"key": key, "value": otlp_value(value)} for key, value in row.items()]


def otlp_json(rows):
    logs = [{"timeUnixNano": nanoseconds(row), "severityNumber": 9, "body": {"stringValue": row["Operation"]},
             "attributes": otlp_attributes({key: value for key, value in row.items() if key != "TimeGenerated"})} for row in rows]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "vault"}}]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": logs}]}]}).encode()


def otlp_protobuf(rows):
    from google.protobuf.json_format import Parse
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    return Parse(otlp_json(rows), ExportLogsServiceRequest()).SerializeToString()


def collected(rows):
    # The protocol keeps the name TimeGenerated for itself.
    return json.dumps([{("EventTime" if name == "TimeGenerated" else name): value for name, value in row.items()} for row in rows]).encode()


def otlp_grpc(rows):
    import grpc
    del grpc  # Only whether it is there.
    return otlp_protobuf(rows)


def protocols(server, key):
    def signed(body):
        date = email.utils.formatdate(usegmt=True)
        text = f"POST\n{len(body)}\napplication/json\nx-ms-date:{date}\n/api/logs"
        mac = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
        return {"Content-Type": "application/json", "Log-Type": "Collected", "x-ms-date": date, "time-generated-field": "EventTime",
                "Authorization": f"SharedKey {WORKSPACE_ID}:{mac}"}

    plain = lambda body: {"Content-Type": "application/json"}
    return [
        Protocol("JSON lines", "/v1/workspaces/bench/tables/Plain/records", lines, "Plain", plain),
        Protocol("Kusto streaming ingestion, multijson", "/v1/rest/ingest/bench/KustoJson?streamFormat=multijson", lines, "KustoJson", plain),
        Protocol("Kusto streaming ingestion, csv", "/v1/rest/ingest/bench/KustoCsv?streamFormat=csv",
                 lambda rows: "\n".join(",".join(csv_cell(row[c]) for c in COLUMNS) for row in rows).encode(), "KustoCsv", plain, False),
        Protocol("Logs Ingestion API", "/dataCollectionRules/dcr-00000000000000000000000000000001/streams/Custom-Rule_CL?api-version=2023-01-01",
                 lambda rows: json.dumps(rows).encode(), "Rule_CL", plain),
        Protocol("Logs Ingestion API, transformKql", "/dataCollectionRules/dcr-00000000000000000000000000000002/streams/Custom-Changed_CL?api-version=2023-01-01",
                 lambda rows: json.dumps(rows).encode(), "Changed_CL", plain),
        Protocol("HTTP Data Collector API", "/api/logs?api-version=2016-04-01", collected, "Collected_CL", signed),
        Protocol("syslog, as a file", "/v1/workspaces/bench/sources/syslog/records", lambda rows: "\n".join(map(syslog_line, rows)).encode() + b"\n", "Syslog", plain, False),
        Syslog("syslog over TCP", server.syslog, lambda rows: "\n".join(map(syslog_line, rows)).encode() + b"\n", "Syslog", plain, False),
        Protocol("Splunk HTTP Event Collector", "/v1/workspaces/bench/hec/services/collector/event", splunk_events, "BenchHec_CL", plain),
        Protocol("Elasticsearch bulk", "/v1/workspaces/bench/elastic/_bulk", elastic_bulk, "BenchElastic_CL", lambda body: {"Content-Type": "application/x-ndjson"}),
        Protocol("Loki push, JSON", "/v1/workspaces/bench/loki/loki/api/v1/push", loki_push, "BenchLoki_CL", plain),
        Protocol("OpenTelemetry logs, JSON", "/v1/logs", otlp_json, "AppTraces", plain),
        Protocol("OpenTelemetry logs, protobuf", "/v1/logs", otlp_protobuf, "AppTraces", lambda body: {"Content-Type": "application/x-protobuf"}, False),
        Grpc("OpenTelemetry logs, gRPC", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", otlp_grpc, "AppTraces", json_body=False),
    ]


def prepare(server):
    """Makes tables, rules and the key that requests are signed with; returns the key."""
    columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    for table in ["Plain", "KustoJson", "KustoCsv", "Rule_CL", "Changed_CL"]:
        server.put(f"/v1/workspaces/bench/tables/{table}", json.dumps({"columns": columns}).encode())
    for number, table, transform in [(1, "Rule_CL", None), (2, "Changed_CL", "source | where Outcome != 'Nothing' | extend User = tolower(User)")]:
        stream = f"Custom-{table}"
        flow = {"streams": [stream], "destinations": ["w"], "outputStream": stream, **({"transformKql": transform} if transform else {})}
        rule = {"location": "local", "properties": {
            "immutableId": f"dcr-{number:032}", "streamDeclarations": {stream: {"columns": columns}},
            "destinations": {"logAnalytics": [{"name": "w", "workspaceId": WORKSPACE_ID, "workspaceResourceId": "bench"}]}, "dataFlows": [flow]}}
        server.put(f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/r{number}?api-version=2022-06-01", json.dumps(rule).encode())
    key = base64.b64encode(hashlib.sha512(b"bench").digest()).decode()
    server.put("/v1/workspaces/bench/sharedKeys/primary", json.dumps({"key": key}).encode())
    return key


def count(server, table):
    answer = server.post("/v1/rest/query", json.dumps({"db": "bench", "csl": f"{table} | count"}).encode())
    return answer["Tables"][0]["Rows"][0][0]


def run(server, protocol, rows, body):
    """Sends a body until so many records are taken. Returns seconds, processor seconds and how many records a query sees more."""
    before = 0
    try:
        before = count(server, protocol.table)
    except Exception:  # The table is made by the first request.
        pass
    turn, lock, failures = [0], threading.Lock(), []

    def send():
        connection = protocol.connection(server)
        while not failures:
            with lock:
                turn[0] += 1
                if turn[0] > rows // BATCH:
                    break
            try:
                protocol.send(connection, body)
            except (Failed, OSError) as error:
                failures.append(str(error))
        connection.close()

    cpu, begun = server.cpu_s(), time.time()
    workers = [threading.Thread(target=send) for _ in range(SENDERS)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    if failures:
        raise Failed(f"{protocol.name}: {failures[0]}")
    while isinstance(protocol, Syslog) and count(server, protocol.table) - before < rows // BATCH * BATCH and time.time() - begun < 120:
        time.sleep(0.05)
    return time.time() - begun, server.cpu_s() - cpu, count(server, protocol.table) - before


def parse_seconds(folder, bodies):
    """Returns how long it takes to parse each body as JSON."""
    paths = []
    for n, body in enumerate(bodies):
        paths.append(os.path.join(folder, f"body{n}.json"))
        with open(paths[-1], "wb") as file:
            file.write(body)
    argv = ["cargo", "run", "--quiet", "--release", "--package", "stdx", "--example", "parse_speed", "--", *paths]
    out = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [float(line.split("\t")[3]) for line in out.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    rows = records(BATCH)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.join(folder, "store"), os.path.join(folder, "log"), "--workspace-id", f"bench={WORKSPACE_ID}", "--syslog-tcp", "127.0.0.1:0", "--syslog-workspace", "bench", "--otlp-grpc", "127.0.0.1:0")
        # It says where else it listens, once it does.
        server.grpc = server.process.stdout.readline().split("//")[1].split()[0]
        try:
            ways = [way for way in protocols(server, prepare(server)) if arguments.only in way.name]
            bodies = []
            for way in list(ways):
                try:
                    bodies.append(way.body(rows))
                except ImportError as error:
                    print(f"{way.name} is left out: {error}", file=sys.stderr)
                    ways.remove(way)
            parsed = parse_seconds(folder, [body if way.json_body else lines(rows) for way, body in zip(ways, bodies)])
            print(f"## {arguments.rows:,} records by each protocol, {BATCH:,} in a request, {SENDERS} senders\n")
            print("| protocol | bytes/record | records/s | records/s per core | MB/s per core | parse of the same, records/s | times the parse |")
            print("|---|---|---|---|---|---|---|")
            for way, body, parse in zip(ways, bodies, parsed):
                seconds, cpu, seen = run(server, way, arguments.rows, body)
                n = arguments.rows // BATCH * BATCH
                if seen != n:
                    print(f"{way.name}: {n} sent, {seen} seen", file=sys.stderr)
                print(f"| {way.name} | {len(body) / BATCH:.0f} | {n / seconds:,.0f} | {n / cpu:,.0f} | {n / BATCH * len(body) / cpu / 1e6:.0f} | {BATCH / parse:,.0f} | {cpu / (n / BATCH * parse):.1f} |", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
