#!/usr/bin/env python3
"""The store beside its peers: what it takes in per second, and how fast it answers over HTTP.

    make bench-ingest [ROWS=1000000]      records per second from JSON lines over HTTP, latency of acknowledgements
    make bench-query [ROWS=10000000]      the harness's 22 queries beside the peers, warm, as ratios
    make bench-soak [ROWS=36000000]       an hour's records at 10,000 a second, as fast as they are taken, with queries beside: memory

The rows, the queries and the peers' adapters are those of the benchmark harness in BENCH (by default ../shared/bench); without it
nothing is measured. The peers are Python packages: pip install duckdb datafusion chdb pyarrow pytz.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "vidimus")
BENCH = os.environ.get("BENCH", os.path.join(ROOT, "..", "shared", "bench"))
TABLES = ["SigninLogs", "AuditLogs", "AzureDiagnostics", "NetworkFlows"]


def data_folder(rows, work):
    """Writes the generator's rows unless they are there, and returns their folder."""
    data = os.path.join(work, f"n{rows}", "data")
    if not os.path.exists(os.path.join(data, "truth.json")):
        os.makedirs(data, exist_ok=True)
        generator = os.path.join(work, "gen_events")
        subprocess.run(["rustc", "-O", "-o", generator, os.path.join(BENCH, "gen_events.rs")], check=True)
        subprocess.run([generator, "--rows", str(rows), "--out", data], check=True, stdout=subprocess.DEVNULL)
    return data


def table_schemas(work):
    """Writes the columns of the generator's tables: built-in tables of these names have others."""
    sys.path.insert(0, BENCH)
    from queries import FLOAT, INT, ORDER
    folder = os.path.join(work, "schemas")
    os.makedirs(folder, exist_ok=True)
    for table, columns in ORDER.items():
        kind = lambda c: "datetime" if c == "TimeGenerated" else "dynamic" if c == "properties" else "long" if c in INT[table] else "real" if c in FLOAT[table] else "string"
        lines = "".join(f'    ["{column}", "{kind(column)}"],\n' for column in columns)
        with open(os.path.join(folder, f"{table}.toml"), "w") as file:
            file.write(f"columns = [\n{lines}]\n")
    return folder


class Server:
    """A server of its own with an empty store."""

    def __init__(self, folder, log, *more):
        argv = [PROGRAM, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--workspace", "bench", "--allow-anonymous", *more]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=open(log, "w"), text=True)
        said = iter(self.process.stdout.readline, "")
        for line in said:
            address = line.split()[-1]
            if "syslog" in line:
                self.syslog = address
            else:
                self.url = address
                break

    def cpu_s(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def memory_mib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, data=body, method="POST", headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def put(self, path, body):
        request = urllib.request.Request(self.url + path, data=body, method="PUT", headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def size(folder):
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(root, name))
            except FileNotFoundError:  # A server at work removes files.
                pass
    return total


def bench_ingest(rows, work):
    data, schemas = data_folder(rows, work), table_schemas(work)
    print(f"## Taking in {rows:,} rows of four tables, JSON lines over HTTP, sealed, flushed and signed\n")
    print("| table | rows | MB/s | records/s | server CPU s | records/s per core of server CPU |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=work) as folder:
        store = os.path.join(folder, "store")
        server = Server(store, os.path.join(folder, "log"))
        try:
            total_rows = total_s = total_cpu = 0
            for table in TABLES:
                path = os.path.join(data, f"{table}.ndjson")
                n = json.load(open(os.path.join(data, "truth.json")))[table]["rows"]
                cpu, begun = server.cpu_s(), time.time()
                argv = [PROGRAM, "import", "--server", server.url, "--workspace", "bench", "--anonymous", "--table-schemas", schemas, "--table", f"{table}={path}"]
                subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                seconds, used = time.time() - begun, server.cpu_s() - cpu
                print(f"| {table} | {n:,} | {os.path.getsize(path) / seconds / 1e6:.0f} | {n / seconds:,.0f} | {used:.1f} | {n / used:,.0f} |")
                total_rows, total_s, total_cpu = total_rows + n, total_s + seconds, total_cpu + used
            print(f"| all | {total_rows:,} | | {total_rows / total_s:,.0f} | {total_cpu:.1f} | {total_rows / total_cpu:,.0f} |")
            counts = server.post("/v1/rest/query", json.dumps({"db": "bench", "csl": "union withsource=T SigninLogs, AuditLogs, AzureDiagnostics, NetworkFlows | count"}).encode())
            print(f"\nrows that a query sees: {counts['Tables'][0]['Rows'][0][0]:,}; peak memory of the server {server.peak_mib():,.0f} MiB")
            latency(server)
        finally:
            server.stop()
        log = sum(size(os.path.join(store, "ws", ws, "log")) for ws in os.listdir(os.path.join(store, "ws")))
        files = sum(size(os.path.join(store, "ws", ws, "data")) for ws in os.listdir(os.path.join(store, "ws")) if os.path.isdir(os.path.join(store, "ws", ws, "data")))
        print(f"log on disk {log / total_rows:.3f} bytes per record, files {files / 1e6:,.0f} MB (rows that were still in memory are not in them)")


def latency(server, rate=50_000, seconds=10, batch=500, threads=8):
    """Acknowledgements at a steady rate: each thread sends a batch when its turn has come."""
    columns = [{"name": f"C{n:02}", "type": "string" if n % 2 else "long"} for n in range(18)]
    server.put("/v1/workspaces/bench/tables/Steady", json.dumps({"columns": columns}).encode())
    row = {f"C{n:02}": f"value {n} of a record" if n % 2 else n * 1000 for n in range(18)}
    body = "\n".join(json.dumps({**row, "C00": n}) for n in range(batch)).encode()
    n_batches = rate * seconds // batch
    took, lock, turn = [], threading.Lock(), [0]
    begun = time.time() + 0.5

    def send():
        while True:
            with lock:
                n = turn[0]
                turn[0] += 1
            if n >= n_batches:
                return
            due = begun + n * batch / rate
            time.sleep(max(0.0, due - time.time()))
            t = time.time()
            server.post("/v1/workspaces/bench/tables/Steady/records", body)
            took.append(time.time() - t)

    workers = [threading.Thread(target=send) for _ in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    rate_seen = n_batches * batch / (time.time() - begun)
    took.sort()
    p = lambda q: took[min(len(took) - 1, int(len(took) * q))] * 1000
    print(f"acknowledgement of batches of {batch} at {rate_seen:,.0f} records/s: p50 {p(0.5):.1f} ms, p99 {p(0.99):.1f} ms, mean {statistics.mean(took) * 1000:.1f} ms (by a client on the same cores)")


def soak(rows, work, senders=4, body_lines=4_000):
    """Sends the generator's rows again and again while somebody asks; memory at each tenth of the way."""
    data, schemas = data_folder(1_000_000, work), table_schemas(work)
    asked = ["SigninLogs | summarize count() by ResultType", "AuditLogs | where TimeGenerated > ago(1h) | count",
             "AzureDiagnostics | where properties has 'timeout' | take 10", "union withsource=Table * | summarize count() by Table"]
    with tempfile.TemporaryDirectory(dir=work) as folder:
        server = Server(os.path.join(folder, "store"), os.path.join(folder, "log"))
        try:
            for table in TABLES:
                path = os.path.join(data, f"{table}.ndjson")
                first = os.path.join(folder, f"{table}.ndjson")
                with open(path, "rb") as source, open(first, "wb") as copy:
                    copy.write(source.readline())
                argv = [PROGRAM, "import", "--server", server.url, "--workspace", "bench", "--anonymous", "--table-schemas", schemas, "--table", f"{table}={first}"]
                subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lock, state = threading.Lock(), {"taken": 0, "waits": 0, "n": 0}
            stop = threading.Event()

            def bodies():
                while True:
                    for table in TABLES:
                        with open(os.path.join(data, f"{table}.ndjson"), "rb") as source:
                            while lines := [line for _, line in zip(range(body_lines), source)]:
                                yield table, lines

            supply = bodies()

            def send():
                while not stop.is_set():
                    with lock:
                        table, lines = next(supply)
                    while not stop.is_set():
                        try:
                            server.post(f"/v1/workspaces/bench/tables/{table}/records", b"".join(lines))
                            break
                        except urllib.error.HTTPError as error:
                            if error.code not in (429, 503):
                                raise
                            with lock:
                                state["waits"] += 1
                            time.sleep(float(error.headers.get("Retry-After") or 1))
                    with lock:
                        state["taken"] += len(lines)

            def ask():
                while not stop.is_set():
                    for text in asked:
                        try:
                            server.post("/v1/rest/query", json.dumps({"db": "bench", "csl": text}).encode())
                        except urllib.error.HTTPError as error:
                            print(f"{text}: {error.read()[:200]}")
                        with lock:
                            state["n"] += 1
                        stop.wait(1)

            workers = [threading.Thread(target=send) for _ in range(senders)] + [threading.Thread(target=ask)]
            begun = time.time()
            [worker.start() for worker in workers]
            print("| records | records/s so far | memory now, MiB | memory at most, MiB | disk, MB | queries | waits |")
            print("|---|---|---|---|---|---|---|")
            for tenth in range(1, 11):
                while state["taken"] < rows * tenth // 10 and any(worker.is_alive() for worker in workers[:-1]):
                    time.sleep(0.2)
                taken = state["taken"]
                print(f"| {taken:,} | {taken / (time.time() - begun):,.0f} | {server.memory_mib():,.0f} | {server.peak_mib():,.0f} | {size(os.path.join(folder, 'store')) / 1e6:,.0f} | {state['n']} | {state['waits']} |", flush=True)
            stop.set()
            [worker.join() for worker in workers]
            n = server.post("/v1/rest/query", json.dumps({"db": "bench", "csl": "union SigninLogs, AuditLogs, AzureDiagnostics, NetworkFlows | count"}).encode())
            print(f"\nacknowledged {state['taken'] + len(TABLES):,}, seen by a query {n['Tables'][0]['Rows'][0][0]:,}")
        finally:
            server.stop()


def bench_query(rows, work, engines):
    environment = {
        **os.environ,
        "VIDIMUS_SERVE": f"{PROGRAM} serve --data {{store}}/data --listen 127.0.0.1:8400 --workspace bench --allow-anonymous",
        "VIDIMUS_LOAD": f"{PROGRAM} import --server {{url}} --workspace bench --anonymous --table-schemas {table_schemas(work)} --table {{table}}={{file}}",
    }
    argv = [sys.executable, os.path.join(BENCH, "run.py"), "--rows", str(rows), "--engines", engines, "--work", work]
    subprocess.run(argv, check=True, env=environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ingest", "query", "soak"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", default=os.path.join(tempfile.gettempdir(), "vidimus-bench"))
    parser.add_argument("--engines", default="duckdb,datafusion_push,vidimus")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(BENCH, "gen_events.rs")):
        sys.exit(f"there is no benchmark harness in {BENCH}")
    os.makedirs(arguments.work, exist_ok=True)
    if arguments.what == "ingest":
        bench_ingest(arguments.rows, arguments.work)
    elif arguments.what == "soak":
        soak(arguments.rows, arguments.work)
    else:
        bench_query(arguments.rows, arguments.work, arguments.engines)


if __name__ == "__main__":
    main()
