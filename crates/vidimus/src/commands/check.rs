//! `vidimus check`: parses and binds queries without running them.

use crate::batch;
use crate::runner::on_deep_stack;
use clap::Args;
use kql::Diagnostic;
use kql::bind::Environment;
use kql::catalog::Catalog;
use kql::diagnostic::Kind;
use kql_functions::FUNCTIONS;
use schema::{Column, KqlType, dynamic::write_json_string};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use stdx::{Clock, SystemClock};

/// Parse and bind queries without running them.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The query. Left out with --batch.
    #[arg(value_name = "QUERY", required_unless_present = "batch", conflicts_with = "batch")]
    query: Option<String>,
    /// Answer JSON lines `{"id", "query"}` from standard input, one JSON line each.
    #[arg(long)]
    batch: bool,
    /// Tables and functions: `{"tables": {"T": "(a:long, b:string)"}, "functions": {"F": "(a:long) { ... }"}}`.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

/// Tables known by their columns only.
#[derive(Default)]
struct Schemas {
    tables: BTreeMap<String, Vec<Column>>,
    functions: BTreeMap<String, kql::catalog::StoredFunction>,
}

impl Catalog for Schemas {
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.tables.get(name).cloned().or_else(|| schema::tables::builtin(name).map(|table| table.columns.clone()))
    }

    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    fn reads_files(&self) -> bool {
        true
    }

    fn function(&self, name: &str) -> Option<kql::catalog::StoredFunction> {
        self.functions.get(name).cloned()
    }
}

/// Runs the command.
pub fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let mut schemas = Schemas::default();
    if let Some(path) = &args.schema {
        let text = std::fs::read_to_string(path).map_err(|e| anyhow::anyhow!("cannot read {}: {e}", path.display()))?;
        read_schemas(&text, &mut schemas).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
    }
    let schemas = Arc::new(schemas);
    if args.batch {
        batch::serve(Duration::from_secs(20), move |case, _| check(&schemas, case))?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = args.query.unwrap_or_default();
    let found = on_deep_stack(|| kql::bind::bind(&text, environment(&schemas)));
    let (_, diagnostics) = found.map_err(|panic| anyhow::anyhow!("internal error: {panic}"))?;
    eprint!("{}", crate::draw::diagnostics(&text, &diagnostics));
    Ok(if diagnostics.iter().any(|d| d.is_error()) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read_schemas(text: &str, schemas: &mut Schemas) -> Result<(), String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    for (name, columns) in value["tables"].as_object().into_iter().flatten() {
        let columns = columns.as_str().ok_or_else(|| format!("the columns of `{name}` must be a text"))?;
        let mut list = Vec::new();
        for column in columns.trim_matches(['(', ')']).split(',').filter(|c| !c.trim().is_empty()) {
            let (column, ktype) = column.split_once(':').ok_or_else(|| format!("`{name}`: `{column}` has no type"))?;
            let ktype = KqlType::from_name(ktype.trim()).ok_or_else(|| format!("`{name}`: unknown type `{ktype}`"))?;
            list.push(Column::new(column.trim().trim_matches(['[', ']', '\'', '"']), ktype));
        }
        schemas.tables.insert(name.clone(), list);
    }
    for (name, text) in value["functions"].as_object().into_iter().flatten() {
        let text = text.as_str().ok_or_else(|| format!("the function `{name}` must be a text"))?;
        let at = text.find('{').ok_or_else(|| format!("the function `{name}` has no body"))?;
        let (parameters, body) = text.split_at(at);
        let body = body.trim().trim_start_matches('{').trim_end_matches('}');
        let function = kql::catalog::StoredFunction {
            name: name.clone(),
            parameters: parameters.trim().to_string(),
            body: body.to_string(),
        };
        schemas.functions.insert(name.clone(), function);
    }
    Ok(())
}

/// What queries are bound against when they are only checked.
fn environment(schemas: &Schemas) -> Environment<'_> {
    Environment {
        catalog: schemas,
        functions: &*FUNCTIONS,
        host: None,
        now: SystemClock.now_ticks(),
        principal: "",
        parameters: &[],
    }
}

/// Returns whether a finding is about wrong KQL. What is refused, not supported yet, or fails only when it runs is right KQL
/// all the same.
fn is_wrong(found: &Diagnostic) -> bool {
    found.is_error() && !matches!(found.kind, Kind::Unsupported | Kind::Runtime)
}

fn check(schemas: &Schemas, case: &batch::Case) -> String {
    let parse = kql::syntax::parse(&case.query);
    let parse_ok = !parse.diagnostics.iter().any(|d| d.is_error());
    let (bound, diagnostics) = kql::bind::bind_parsed(&case.query, &parse, environment(schemas));
    let ok = !diagnostics.iter().any(is_wrong);
    let mut out = format!("{{\"id\":{},\"ok\":{ok},\"parse_ok\":{parse_ok},\"diagnostics\":[", case.id);
    for (i, d) in diagnostics.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let severity = if is_wrong(d) { "Error" } else { "Warning" };
        out.push_str(&format!("{{\"code\":\"{}\",\"severity\":\"{severity}\",\"message\":", d.code));
        write_json_string(&mut out, &d.message);
        out.push_str(&format!(",\"start\":{},\"end\":{}}}", d.span.start, d.span.end));
    }
    out.push_str("],\"columns\":");
    match bound.as_ref().and_then(|bound| bound.results.last()) {
        Some(result) => {
            let columns: Vec<Column> =
                result.plan.columns.iter().map(|f| Column::new(f.name.clone(), f.ktype)).collect();
            batch::write_columns(&mut out, &columns);
        }
        None => out.push_str("null"),
    }
    out.push('}');
    out
}
