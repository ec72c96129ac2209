#!/usr/bin/env python3
"""The benchmark's queries through `vidimus query`, beside DuckDB and hand-written DataFusion SQL over the same Parquet.

    make bench-kql                          # 10 million rows; have 15 GB of disk free
    make bench-kql ROWS=1000000

The harness (generator, queries, peers, checks of every answer) is a folder beside the project or at BENCH_HARNESS.
Needs rustc for the generator, and Python with duckdb, datafusion, pyarrow and pytz for the peers.
Two engines are added to the harness's:

  vidimus        `vidimus query --batch` over the generated Parquet
  vidimus_json   the same over the generated JSON lines; off by default (--json)

The program is asked over its pipe, so a time holds parsing, planning, running, printing JSON and reading it again;
the peers run inside Python. After the harness's own tables comes one of ratios: each query against the faster of the
two DataFusion settings and against DuckDB, with the geometric mean.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HARNESS = os.environ.get("BENCH_HARNESS", os.path.join(ROOT, "..", "shared", "bench"))
if not os.path.exists(os.path.join(HARNESS, "run.py")):
    sys.exit(f"no benchmark harness at {HARNESS}: set BENCH_HARNESS to its folder")
sys.path.insert(0, HARNESS)
import engines  # noqa: E402
import run  # noqa: E402
from queries import FLOAT, INT, ORDER, Q, TABLES  # noqa: E402

PROGRAM = os.environ.get("VIDIMUS", os.path.join(ROOT, "target", "release", "vidimus"))
MEMORY = os.environ.get("VIDIMUS_MEMORY", "1GiB")
SQL = ["datafusion", "datafusion_push"]
DUCK = "duckdb_parquet"
GOAL_SQL, GOAL_DUCK, GOAL_MEMORY = 1.15, 0.9, 2 << 30


class VidimusQuery(engines.Engine):
    name = "vidimus"
    dialect = "kql"
    needs_parquet = True
    extension = "parquet"
    process = None

    def load(self, data, store):
        for t in TABLES:
            name = f"{t}.{self.extension}"
            os.symlink(os.path.abspath(f"{data}/{name}"), os.path.join(store, name))
        os.makedirs(os.path.join(store, "schemas"))
        for t in TABLES:
            kinds = {"TimeGenerated": "datetime", "properties": "dynamic"}
            kinds.update({c: "long" for c in INT[t]} | {c: "real" for c in FLOAT[t]})
            columns = "".join(f'    ["{c}", "{kinds.get(c, "string")}"],\n' for c in ORDER[t])
            with open(os.path.join(store, "schemas", f"{t}.toml"), "w") as out:
                out.write(f'description = "Generated events"\ncolumns = [\n{columns}]\n')
        return {"note": f"reads the generator's {self.extension}"}

    def open(self, store):
        files = [os.path.join(store, f"{t}.{self.extension}") for t in TABLES]
        argv = [PROGRAM, "query", "--batch", "--table-schemas", os.path.join(store, "schemas"), "--max-memory", MEMORY, *files]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.query("print 1")  # the peers are past their own start-up too

    def query(self, text):
        self.process.stdin.write(json.dumps({"id": "q", "query": text}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        table = answer["tables"][0]
        times = [i for i, (_, kind) in enumerate(table["columns"]) if kind == "datetime"]
        bags = [i for i, (_, kind) in enumerate(table["columns"]) if kind == "dynamic"]
        rows = table["rows"]
        for row in rows:
            for i in times:
                row[i] = engines.iso(row[i])
            for i in bags:
                row[i] = json.dumps(row[i])
        return [tuple(engines.py(v) for v in row) for row in rows]

    def pid(self):
        return self.process.pid if self.process else os.getpid()

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(60)

    def disk(self, store):
        return sum(os.stat(f"{store}/{t}.{self.extension}").st_blocks * 512 for t in TABLES)

    def version(self):
        return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[-1]


class VidimusQueryJson(VidimusQuery):
    name = "vidimus_json"
    needs_parquet = False
    extension = "ndjson"


for engine in (VidimusQuery, VidimusQueryJson):
    engines.ENGINES[engine.name] = engine


def ratios(path):
    """Prints each query's warm time against DataFusion SQL's and DuckDB's, and where the goals are missed."""
    answers = json.load(open(path))["q"]
    warm = lambda query, engine: run.med(answers.get(query, {}).get(engine, {}).get("warm") or [float("nan")])
    print(f"\nwarm, against the faster DataFusion SQL (goal {GOAL_SQL} each) and {DUCK} (goal {GOAL_DUCK} in the mean)\n")
    print("| query | vidimus ms | DataFusion SQL ms | ratio | DuckDB ms | ratio | peak MB |")
    print("|---|---|---|---|---|---|---|")
    to_sql, to_duck, slow = [], [], []
    peak = 0
    for query in Q:
        ours = warm(query["id"], "vidimus")
        if ours != ours:
            continue
        sql = min((warm(query["id"], e) for e in SQL if warm(query["id"], e) == warm(query["id"], e)), default=float("nan"))
        duck = warm(query["id"], DUCK)
        memory = answers[query["id"]]["vidimus"]["peak_anon"]
        peak = max(peak, memory)
        print(f"| {query['id']} {query['title']} | {ours * 1e3:.1f} | {sql * 1e3:.1f} | {ours / sql:.2f} | {duck * 1e3:.1f} | {ours / duck:.2f} | {memory / 1e6:.0f} |")
        if sql == sql:
            to_sql.append(ours / sql)
            if ours / sql > GOAL_SQL:
                slow.append(query["id"])
        if duck == duck:
            to_duck.append(ours / duck)
    print(f"\ngeometric mean: {run.gm(to_sql):.2f} of DataFusion SQL, {run.gm(to_duck):.2f} of DuckDB; most memory {peak / 2**30:.2f} GiB with --max-memory {MEMORY}")
    print(f"over {GOAL_SQL} times DataFusion SQL: {', '.join(slow) or 'none'}")


def main():
    run.__file__ = os.path.abspath(__file__)  # the harness starts its workers by this name
    if "--worker" in sys.argv:
        return run.main()
    arguments = sys.argv[1:]
    names = ["vidimus", DUCK, *SQL]
    if "--json" in arguments:
        arguments.remove("--json")
        names.insert(1, "vidimus_json")
    defaults = {"--engines": ",".join(names), "--work": os.path.join(ROOT, "target", "bench"), "--out": "kql.json"}
    for option, value in defaults.items():
        if option not in arguments:
            arguments += [option, value]
    sys.argv = [sys.argv[0], *arguments]
    run.main()
    at = lambda option, default: arguments[arguments.index(option) + 1] if option in arguments else default
    ratios(os.path.join(at("--work", ""), f"n{at('--rows', '10000000')}", at("--out", "")))


main()
