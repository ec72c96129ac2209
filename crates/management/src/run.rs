//! From a command's text to its answer.

use crate::answer::{Answer, AnswerTable};
use crate::context::{CommandRequest, Context, Manager};
use crate::error::CommandError;
use crate::grammar;
use crate::inner::blanked;
use crate::reader::Reader;
use auth::Action;
use query::MemoryTable;
use schema::Column;
use std::sync::Arc;

/// Stack that a thread needs to run a command: the query that it may be piped into nests as deep as its text says.
pub const STACK_BYTES: usize = 256 << 20;

/// The table that the query after a pipe reads. No table of a database has this name.
const RESULT: &str = "$";

/// Returns the form of the command that a text is, such as `show table <table> details`, and does nothing.
///
/// # Errors
/// When it is none, or one that is refused, and where in the text that shows.
pub fn form_of(text: &str) -> Result<&'static str, CommandError> {
    let mut reader = Reader::new(text);
    reader.cut_at_pipe();
    Ok(grammar::parse(&reader)?.command.syntax)
}

impl Manager {
    /// Does a command. It waits for what it needs, and is meant for a thread of its own, with [`STACK_BYTES`] of stack.
    ///
    /// # Errors
    /// When it is none, is not allowed, or fails.
    pub fn run(&self, request: &CommandRequest) -> Result<Answer, CommandError> {
        let context = Context { manager: self, request };
        let mut reader = Reader::new(&request.text);
        let pipe = reader.cut_at_pipe();
        let mut parsed = grammar::parse(&reader)?;
        let needs = parsed.command.needs;
        for action in needs {
            context.require(*action, context.database())?;
        }
        if request.is_readonly && needs.iter().any(|action| *action != Action::Read) {
            return Err(CommandError::Refused("the request says that it changes nothing, and the command does".into()));
        }
        let rows = (parsed.command.body)(&context, &mut parsed.args)?;
        let columns = parsed.command.columns.iter().map(|(name, ktype)| Column::new(*name, *ktype)).collect();
        let table = AnswerTable::of_rows(columns, &rows)?;
        match pipe {
            None => Ok(Answer { tables: vec![table], is_query: false, render: None }),
            Some(pipe) => context.pipe(table, pipe),
        }
    }
}

impl Context<'_> {
    /// Runs the query after a command's pipe over the command's rows.
    fn pipe(&self, table: AnswerTable, pipe: usize) -> Result<Answer, CommandError> {
        let text = blanked(&self.request.text, pipe, RESULT)?;
        let table = table.for_queries()?;
        // Also the tables of the database may be asked, as far as there is one.
        let mut tables = match self.manager.vault.workspace(self.database()) {
            Some(_) if self.may(Action::Read, self.database()) => self.tables(self.database(), &text)?,
            _ => query::Tables::default(),
        };
        tables.add(RESULT, Arc::new(MemoryTable::new(table.columns, table.batches)?));
        let found = self.query(&text, tables)?;
        Ok(Answer { tables: found.tables, is_query: true, render: found.render })
    }
}
