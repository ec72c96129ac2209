//! `vidimus shell`: a prompt for KQL over files.
//!
//! At a terminal it is a dialogue; otherwise statements are read from standard input, separated by blank lines, and run
//! in order. Results go to standard output, everything else to standard error.

use super::query::{LimitArgs, Outcome, execute_after};
use crate::inputs::{InputArgs, Opened, open, print_warnings};
use crate::runner::{Runner, on_deep_stack};
use crate::shell::editor::{KqlPrompt, editor};
use crate::shell::statement;
use crate::shell::vocabulary::{COMMANDS, Vocabulary};
use crate::show::Show;
use crate::{draw, interrupt};
use anyhow::{Context, bail};
use clap::Args;
use encode::Format;
use files::WarningReport;
use kql::syntax::ast::StatementKind;
use kql::syntax::lexer;
use query::Engine;
use reedline::Signal;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Ask KQL over log files at a prompt.
///
/// vidimus shell SigninLogs.json AuditLogs.json
#[derive(Debug, Args)]
pub struct ShellArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

impl ShellArgs {
    /// Makes the arguments of a shell over one folder.
    pub fn over(folder: String, limits: LimitArgs) -> ShellArgs {
        ShellArgs { inputs: InputArgs { paths: vec![folder], ..InputArgs::default() }, limits }
    }
}

/// Runs the command.
pub fn run(args: ShellArgs) -> anyhow::Result<ExitCode> {
    let from_stdin = |spec: &String| spec == "-" || spec.ends_with("=-");
    if args.inputs.paths.iter().chain(&args.inputs.tables).any(from_stdin) {
        bail!("`-` cannot be a table here: the shell reads statements from standard input");
    }
    let mut shell = Shell::new(open(&args.inputs)?, &args.limits)?;
    // The line editor draws on standard error, so that results can go elsewhere.
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        dialogue(&mut shell)
    } else {
        script(&mut shell)
    }
}

/// What follows an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Done,
    Failed,
    Quit,
}

fn dialogue(shell: &mut Shell) -> anyhow::Result<ExitCode> {
    interrupt::stay();
    let mut editor = editor(&shell.vocabulary);
    eprintln!("vidimus {}: `.help` lists the commands, Tab completes, Ctrl-D leaves", env!("CARGO_PKG_VERSION"));
    loop {
        match editor.read_line(&KqlPrompt).context("cannot read from the terminal")? {
            Signal::Success(input) => {
                // Kept at once: what is typed is not lost when the query takes the program with it.
                if let Err(error) = editor.sync_history() {
                    eprintln!("warning: the history is not kept: {error}");
                }
                if shell.input(&input)? == Next::Quit {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Signal::CtrlD => return Ok(ExitCode::SUCCESS),
            _ => {}
        }
    }
}

fn script(shell: &mut Shell) -> anyhow::Result<ExitCode> {
    let mut lines = std::io::stdin().lock();
    let mut code = ExitCode::SUCCESS;
    let mut text = String::new();
    loop {
        let mut line = String::new();
        let at_end = lines.read_line(&mut line).context("cannot read standard input")? == 0;
        let is_blank = line.chars().all(lexer::is_blank);
        let is_command = statement::is_empty(&text) && statement::is_command(&line);
        text.push_str(&line);
        let ends = at_end || is_command || (is_blank && !statement::ends_inside_fence(&text));
        if !ends {
            continue;
        }
        let input = if is_command { line } else { std::mem::take(&mut text) };
        text.clear();
        match shell.input(&input)? {
            Next::Done => {}
            Next::Failed => code = ExitCode::FAILURE,
            Next::Quit => return Ok(code),
        }
        if interrupt::interrupted() {
            return Ok(ExitCode::from(interrupt::EXIT_CODE));
        }
        if at_end {
            return Ok(code);
        }
    }
}

/// A kept `let` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Let {
    name: String,
    /// With its `;`.
    text: String,
}

/// What lives from one input to the next.
struct Shell {
    opened: Opened,
    engine: Engine,
    now: Option<i64>,
    vocabulary: Arc<Vocabulary>,
    format: Format,
    timing: bool,
    lets: Vec<Let>,
    /// What was printed already of the files' faults.
    warned: WarningReport,
}

impl Shell {
    fn new(opened: Opened, limits: &LimitArgs) -> anyhow::Result<Shell> {
        let tables = opened.files.iter().map(|table| (table.name().to_string(), table.columns().to_vec())).collect();
        Ok(Shell {
            engine: limits.engine()?,
            now: limits.now,
            vocabulary: Arc::new(Vocabulary::new(tables)),
            format: Format::Table,
            timing: true,
            lets: Vec::new(),
            warned: WarningReport::default(),
            opened,
        })
    }

    /// Runs one input.
    ///
    /// # Errors
    /// When the output cannot be written. What is wrong with the input is printed.
    fn input(&mut self, input: &str) -> anyhow::Result<Next> {
        if statement::is_command(input) {
            return self.command(input);
        }
        if statement::is_empty(input) {
            return Ok(Next::Done);
        }
        let read = on_deep_stack(|| let_statements(input));
        let (lets, only_lets) = match read {
            Ok(read) => read,
            Err(panic) => return Ok(failed(format_args!("internal error: {panic}"))),
        };
        if only_lets { Ok(self.keep(lets)) } else { Ok(self.query(input, &lets)) }
    }

    fn query(&mut self, input: &str, own: &[Let]) -> Next {
        let begun = Instant::now();
        // A name that the query gives itself is the query's.
        let kept: Vec<Let> =
            self.lets.iter().filter(|kept| own.iter().all(|own| own.name != kept.name)).cloned().collect();
        let before = joined(&kept);
        let (runner, progress) = self.runner();
        let show = Show { format: self.format, output: None };
        let outcome = execute_after(&runner, &before, input, &show, false, progress);
        let report = self.opened.warnings();
        if report != self.warned {
            print_warnings(&report);
            self.warned = report;
        }
        match outcome {
            Ok(Outcome::Shown { rows }) => {
                if self.timing {
                    let seconds = begun.elapsed().as_secs_f64();
                    match (self.format, rows) {
                        // A table says its rows itself.
                        (Format::Table, _) => eprintln!("{seconds:.3} s"),
                        (_, 1) => eprintln!("1 row in {seconds:.3} s"),
                        _ => eprintln!("{rows} rows in {seconds:.3} s"),
                    }
                }
                Next::Done
            }
            Ok(Outcome::Wrong) => Next::Failed,
            Err(error) => failed(format_args!("{error:#}")),
        }
    }

    fn runner(&self) -> (Runner, Arc<files::Progress>) {
        let (tables, progress) = self.opened.again();
        (Runner { engine: self.engine.clone(), tables, parameters: Vec::new(), now: self.now }, progress)
    }

    /// Keeps `let` statements for the queries to come. One of a name that is kept already takes its place, so that those
    /// after it see the new one.
    fn keep(&mut self, new: Vec<Let>) -> Next {
        let mut kept = self.lets.clone();
        for new in new {
            match kept.iter_mut().find(|kept| kept.name == new.name) {
                Some(old) => *old = new,
                None => kept.push(new),
            }
        }
        // Only statements that a query can follow are kept; this one asks nothing of them.
        let text = format!("{}print 0", joined(&kept));
        let (runner, _) = self.runner();
        match on_deep_stack(|| runner.errors(&text)) {
            Ok(errors) if errors.is_empty() => {}
            Ok(errors) => {
                eprint!("{}", draw::diagnostics(&text, &errors));
                return Next::Failed;
            }
            Err(panic) => return failed(format_args!("internal error: {panic}")),
        }
        self.lets = kept;
        self.name_lets();
        Next::Done
    }

    fn name_lets(&self) {
        self.vocabulary.set_lets(self.lets.iter().map(|kept| kept.name.clone()).collect());
    }

    fn command(&mut self, input: &str) -> anyhow::Result<Next> {
        let input = input.trim_matches(lexer::is_blank);
        let (name, argument) = input.split_once(char::is_whitespace).unwrap_or((input, ""));
        let argument = argument.trim();
        let mut out = std::io::stdout().lock();
        let takes_none = !matches!(name, ".schema" | ".format" | ".timing");
        if takes_none && !argument.is_empty() && COMMANDS.iter().any(|(known, ..)| *known == name) {
            return Ok(failed(format_args!("`{name}` takes no argument")));
        }
        match (name, argument) {
            (".tables", _) => {
                for table in &self.opened.files {
                    writeln!(out, "{}", table.name())?;
                }
            }
            (".schema", "") => {
                for table in &self.opened.files {
                    writeln!(out, "{}", super::schema::text(table.name(), table.columns()))?;
                }
            }
            (".schema", wanted) => match self.opened.files.iter().find(|table| table.name() == wanted) {
                Some(table) => writeln!(out, "{}", super::schema::text(table.name(), table.columns()))?,
                None => {
                    let near = kql::diagnostic::nearest(wanted, self.opened.files.iter().map(|table| table.name()));
                    return Ok(failed(format_args!("there is no table `{wanted}`{}", did_you_mean(near))));
                }
            },
            (".format", "") => writeln!(out, "{}", self.format.name())?,
            (".format", wanted) => match Format::from_name(wanted) {
                Some(format) if format.is_text() => self.format = format,
                Some(_) => {
                    return Ok(failed(format_args!(
                        "the format {wanted} is not text: write it with `vidimus query --output`"
                    )));
                }
                None => {
                    let names: Vec<&str> =
                        Format::ALL.iter().filter(|format| format.is_text()).map(|format| format.name()).collect();
                    return Ok(failed(format_args!("`{wanted}` is no format: there are {}", names.join(", "))));
                }
            },
            (".timing", "") => writeln!(out, "{}", if self.timing { "on" } else { "off" })?,
            (".timing", "on") => self.timing = true,
            (".timing", "off") => self.timing = false,
            (".timing", other) => return Ok(failed(format_args!("`.timing` is on or off, not `{other}`"))),
            (".lets", _) => {
                for kept in &self.lets {
                    writeln!(out, "{}", kept.text)?;
                }
            }
            (".clear", _) => {
                self.lets.clear();
                self.name_lets();
            }
            (".help", _) => {
                for (name, arguments, note) in COMMANDS {
                    writeln!(out, "{:<20} {note}", format!("{name} {arguments}"))?;
                }
                writeln!(
                    out,
                    "A query runs when it is whole; Alt-Enter starts a new line, an empty line runs it anyway."
                )?;
                writeln!(out, "`let` statements by themselves are kept for later queries.")?;
            }
            (".quit", _) => return Ok(Next::Quit),
            (other, _) => {
                let near = kql::diagnostic::nearest(other, COMMANDS.iter().map(|(name, ..)| *name));
                return Ok(failed(format_args!("there is no command `{other}`{}; see `.help`", did_you_mean(near))));
            }
        }
        out.flush()?;
        Ok(Next::Done)
    }
}

/// Returns statements as the text before a query.
fn joined(lets: &[Let]) -> String {
    lets.iter().map(|kept| format!("{}\n", kept.text)).collect()
}

fn failed(message: std::fmt::Arguments<'_>) -> Next {
    eprintln!("error: {message}");
    Next::Failed
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Returns the `let` statements of a text, and whether there is nothing else in it and nothing wrong with it.
fn let_statements(text: &str) -> (Vec<Let>, bool) {
    let parse = kql::syntax::parse(text);
    let mut lets = Vec::new();
    for statement in &parse.block.statements {
        if let StatementKind::Let { name, .. } = &statement.kind {
            let written = text.get(statement.span.start..statement.span.end).unwrap_or("");
            let written = written.trim_end_matches(|c| c == ';' || lexer::is_blank(c));
            lets.push(Let { name: name.text.clone(), text: format!("{written};") });
        }
    }
    let is_right = !parse.diagnostics.iter().any(|diagnostic| diagnostic.is_error());
    let only_lets = is_right && !lets.is_empty() && lets.len() == parse.block.statements.len();
    (lets, only_lets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn let_statements_are_told_from_queries() {
        let cases: [(&str, &[&str], bool); 7] = [
            ("let x = 1;", &["let x = 1;"], true),
            ("let x = 1", &["let x = 1;"], true),
            ("let x = 1 // one", &["let x = 1;"], true),
            (
                "let x = 1; let f = (a:long) { let b = a; b };",
                &["let x = 1;", "let f = (a:long) { let b = a; b };"],
                true,
            ),
            ("let x = 1; print x", &["let x = 1;"], false),
            ("let x = 1)", &["let x = 1;"], false),
            ("print 1", &[], false),
        ];
        for (text, expected, only) in cases {
            let (lets, only_lets) = let_statements(text);
            let texts: Vec<&str> = lets.iter().map(|kept| kept.text.as_str()).collect();
            assert_eq!((texts.as_slice(), only_lets), (expected, only), "{text}");
        }
    }
}
