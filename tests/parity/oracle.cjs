// Answers queries as Microsoft's language service (the npm package @kusto/language-service-next) understands them:
// JSON lines `{"query"}` in, `{"ok", "codes", "columns"}` out. The first line is `{"tables": {"T": "(a: long)"}}`.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

// The package is made for a page: its scripts define globals.
const folder = path.dirname(require.resolve("@kusto/language-service-next/package.json"));
for (const script of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  const filename = path.join(folder, script);
  vm.runInThisContext(fs.readFileSync(filename, "utf8"), { filename });
}
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

function* items(list) {
  for (let i = 0; i < list.Count; i++) yield list.getItem(i);
}

const [first, ...lines] = fs.readFileSync(0, "utf8").split("\n").filter((line) => line.trim() !== "");
const tables = Object.entries(JSON.parse(first).tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor2("NetDefaultDB", null, tables));

function answer(query) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const errors = [...items(code.GetDiagnostics())].filter((found) => found.Severity === "Error");
  const columns = code.ResultType?.Columns;
  return {
    ok: errors.length === 0,
    codes: [...new Set(errors.map((found) => found.Code))],
    columns: columns ? [...items(columns)].map((column) => [column.Name, column.Type?.Name ?? "unknown"]) : null,
    ...(errors.length > 0 && { message: errors[0].Message, at: query.slice(errors[0].Start, errors[0].Start + errors[0].Length) }),
  };
}

for (const line of lines) {
  let found;
  try {
    found = answer(JSON.parse(line).query);
  } catch (error) {
    found = { crash: String(error.message) };
  }
  process.stdout.write(JSON.stringify(found) + "\n");
}
