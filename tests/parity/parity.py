#!/usr/bin/env python3
"""Compares what `vidimus check` accepts, and the columns it finds, with Microsoft's language service for KQL.

    tests/parity/parity.py [--min 98] [--engine target/debug/vidimus] [--also FILE.jsonl] [--update]

Queries: ours (`tests/parity/*.kql`, `tests/kql/in-use.txt`), and the documented examples where `../shared` has them. All
are bound against the built-in tables.

`--update` writes the language service's answers about our own queries to `tests/parity/verdicts.jsonl`, with which
`cargo test -p kqltest --test parity` compares without node. The language service is the npm package
@kusto/language-service-next: found by NODE_PATH, else installed below `target/`. Without node or npm nothing is compared.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/parity"
VERDICTS = HERE / "verdicts.jsonl"
EXAMPLES = ROOT.parent / "shared/corpus/docs_examples.open.jsonl"
PACKAGE = "@kusto/language-service-next"
VERSION = "12.4.1"


def own_queries():
    """Yields (source, query, reason why it may differ or None) of every query of the project."""
    for path in sorted(HERE.glob("*.kql")):
        yield from blocks(path)
    path = ROOT / "tests/kql/in-use.txt"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and line[0] not in "#[" and ": " in line:
            yield f"{path.name}:{number}", line.split(": ", 1)[1].strip(), None


def blocks(path):
    """Yields the queries of a file, each below a line `//// title`, or `//// differs: reason`."""
    start, reason, lines = 0, None, []
    for number, line in enumerate(path.read_text().splitlines() + ["//// end"], 1):
        if not line.startswith("////"):
            lines.append(line)
            continue
        if start:
            yield f"{path.name}:{start}", "\n".join(lines).strip(), reason
        title = line.removeprefix("////").strip()
        start, lines = number, []
        reason = title.removeprefix("differs:").strip() if title.startswith("differs:") else None


def tables():
    """Returns the built-in tables as the language service reads them."""
    found = {}
    for path in sorted((ROOT / "crates/schema/tables").glob("*.toml")):
        columns = tomllib.loads(path.read_text())["columns"]
        found[path.stem] = "(" + ", ".join(f"['{name}']: {kind}" for name, kind, *_ in columns) + ")"
    return found


def run(command, lines, **options):
    """Sends lines to a program and returns the lines that it answers."""
    result = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{command[0]} failed: {result.stderr.strip()[-500:]}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def node_path():
    """Returns where node finds the language service, installing it when needed; None when that is impossible."""
    if not shutil.which("node"):
        return None
    folders = os.environ.get("NODE_PATH", "").split(":") + [str(ROOT / "target/parity/node_modules")]
    for folder in folders:
        if folder and (pathlib.Path(folder) / PACKAGE).exists():
            return folder
    if not shutil.which("npm"):
        return None
    home = ROOT / "target/parity"
    home.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), f"{PACKAGE}@{VERSION}"]
    return folders[-1] if subprocess.run(command).returncode == 0 else None


def theirs(queries):
    """Returns the language service's answers."""
    lines = [json.dumps({"tables": tables()})] + [json.dumps({"query": query}) for query in queries]
    return run(["node", str(HERE / "oracle.cjs")], lines, env={**os.environ, "NODE_PATH": node_path()})


def ours(engine, schema, queries):
    """Returns our answers."""
    lines = [json.dumps({"id": i, "query": query}) for i, query in enumerate(queries)]
    return run([engine, "check", "--batch", "--schema", str(schema)], lines)


def describe(found):
    """Returns the first error of our answer in one line."""
    if "error" in found:
        return found["error"]["message"][:160]
    errors = [d for d in found["diagnostics"] if d["severity"] == "Error"]
    return f"{errors[0]['code']} {errors[0]['message'][:140]}" if errors else ""


def compare(title, cases, engine, schema, show):
    """Prints what differs and returns the share that agrees in per cent."""
    a, b = theirs([c[1] for c in cases]), ours(engine, schema, [c[1] for c in cases])
    if len(a) != len(cases) or len(b) != len(cases):
        sys.exit(f"{len(cases)} queries were sent, {len(a)} and {len(b)} answers came back")
    agree, explained, same_columns, with_columns = 0, 0, 0, 0
    shown = collections.Counter()
    for (source, query, reason), them, us in zip(cases, a, b):
        if "crash" in them:
            agree += 1
            print(f"{source}: the language service fails: {them['crash'][:100]}")
            continue
        accepted = us.get("ok", False)
        if them["ok"] == accepted:
            agree += 1
            if reason:
                print(f"{source}: agrees now; its reason to differ can go")
            if them["ok"] and them["columns"] is not None and us["columns"] is not None:
                with_columns += 1
                if them["columns"] == us["columns"]:
                    same_columns += 1
                elif not reason:
                    shown["columns"] += 1
                    if shown["columns"] <= show:
                        only_them = [c for c in them["columns"] if c not in us["columns"]]
                        only_us = [c for c in us["columns"] if c not in them["columns"]]
                        print(f"{source}: COLUMNS theirs {only_them[:5]} ours {only_us[:5]}")
            continue
        explained += reason is not None
        if reason:
            continue
        kind = "WE REJECT" if them["ok"] else "WE ACCEPT"
        shown[kind] += 1
        if shown[kind] <= show:
            why = describe(us) if them["ok"] else f"{them['codes'][0]} {them['message'][:140]} at `{them['at'][:60]}`"
            print(f"{source}: {kind}: {why}")
    percent = 100 * agree / max(len(cases), 1)
    print(
        f"{title}: {agree} of {len(cases)} agree, {percent:.2f} %"
        f" ({explained} of the others for a stated reason); columns {same_columns} of {with_columns}"
    )
    return percent


def write_verdicts(cases):
    """Writes the answers about our own queries."""
    answers = theirs([case[1] for case in cases])
    with VERDICTS.open("w") as file:
        for (source, query, _), found in zip(cases, answers):
            if "crash" in found:
                continue
            row = {"query": query, "ok": found["ok"], "codes": found["codes"]}
            row["columns"] = found["columns"] if found["ok"] else None
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{VERDICTS.relative_to(ROOT)}: {len(answers)} verdicts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    parser.add_argument("--engine", default=f"{target}/debug/vidimus", help="the program to check")
    parser.add_argument("--min", type=float, default=0.0, help="the agreement in per cent below which this fails")
    parser.add_argument("--also", action="append", default=[], help='further queries, JSON lines {"id", "query"}')
    parser.add_argument("--show", type=int, default=1000, help="how many differences of each kind to print")
    parser.add_argument("--only", help="compare only sources that hold this text")
    parser.add_argument("--update", action="store_true", help="write the verdicts about our own queries")
    args = parser.parse_args()
    if node_path() is None:
        print("skipped: node, npm or the language service is not there")
        return
    own = list(own_queries())
    if args.update:
        write_verdicts(own)
    sets = [("our own queries", own)]
    for title, path in [("documented examples", EXAMPLES)] + [(path, pathlib.Path(path)) for path in args.also]:
        if path.exists():
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            sets.append((title, [(row["id"], row["query"], None) for row in rows]))
    schema = pathlib.Path(target) / "parity-schema.json"
    schema.write_text(json.dumps({"tables": tables()}))
    lowest = 100.0
    for title, cases in sets:
        cases = [case for case in cases if not args.only or args.only in case[0]]
        if cases:
            lowest = min(lowest, compare(title, cases, args.engine, schema, args.show))
    if lowest < args.min:
        sys.exit(f"the agreement is below {args.min} %")


if __name__ == "__main__":
    main()
