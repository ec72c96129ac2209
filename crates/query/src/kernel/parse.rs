//! `parse`, `parse-where`, `parse-kv`: columns out of the text that is the kernel's argument.

use super::{Kernel, Output, Rows, Run, RunContext, Sees, spread};
use arrow::array::AsArray;
use arrow::compute::{filter, filter_record_batch};
use datafusion::common::Result as EngineResult;
use kql_functions::table::parse::Pattern;
use kql_functions::table::parse_kv::KeyValues;
use std::sync::Arc;

/// Matches a pattern; adds its captures. With `only_matching`, rows that do not match are dropped.
#[derive(Debug)]
pub struct Parse {
    pub pattern: Arc<Pattern>,
    pub only_matching: bool,
}

impl Kernel for Parse {
    fn name(&self) -> &str {
        "Parse"
    }

    fn sees(&self) -> Sees {
        Sees::EachRow
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(Parsing { pattern: self.pattern.clone(), only_matching: self.only_matching }))
    }
}

struct Parsing {
    pattern: Arc<Pattern>,
    only_matching: bool,
}

impl Run for Parsing {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        let Some(subject) = rows.args.first() else { return Ok(()) };
        let texts = spread(subject, rows.len())?;
        let (captures, matched) = self.pattern.run(texts.as_string_view());
        if !self.only_matching {
            out.give(&rows.passed, captures);
            return Ok(());
        }
        let kept = captures.iter().map(|column| Ok(filter(column, &matched)?)).collect::<EngineResult<Vec<_>>>()?;
        out.give(&filter_record_batch(&rows.passed, &matched)?, kept);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Output) -> EngineResult<bool> {
        Ok(false)
    }
}

/// Takes the values of keys; adds one column per key.
#[derive(Debug)]
pub struct ParseKv {
    pub keys: Arc<KeyValues>,
}

impl Kernel for ParseKv {
    fn name(&self) -> &str {
        "ParseKv"
    }

    fn sees(&self) -> Sees {
        Sees::EachRow
    }

    fn start(&self, _ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(ParsingKv(self.keys.clone())))
    }
}

struct ParsingKv(Arc<KeyValues>);

impl Run for ParsingKv {
    fn push(&mut self, _input: usize, rows: Rows, out: &mut Output) -> EngineResult<()> {
        let Some(subject) = rows.args.first() else { return Ok(()) };
        let texts = spread(subject, rows.len())?;
        out.give(&rows.passed, self.0.run(texts.as_string_view()));
        Ok(())
    }

    fn finish(&mut self, _out: &mut Output) -> EngineResult<bool> {
        Ok(false)
    }
}
