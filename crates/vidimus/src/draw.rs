//! Diagnostics drawn under the query's text.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use kql::Diagnostic;
use std::io::IsTerminal;

/// What is wrong with a text, found here or by a server.
pub struct Finding {
    pub code: String,
    pub is_error: bool,
    pub message: String,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    pub help: Option<String>,
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Finding {
        Finding {
            code: diagnostic.code.to_string(),
            is_error: diagnostic.is_error(),
            message: diagnostic.message.clone(),
            start: diagnostic.span.start,
            end: diagnostic.span.end,
            help: diagnostic.help.clone(),
        }
    }
}

/// Returns diagnostics as text for a terminal.
pub fn diagnostics(query: &str, found: &[Diagnostic]) -> String {
    findings(query, &found.iter().map(Finding::from).collect::<Vec<_>>())
}

/// Returns findings as text for a terminal.
pub fn findings(query: &str, found: &[Finding]) -> String {
    let renderer = if std::io::stderr().is_terminal() { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for finding in found {
        let level = if finding.is_error { Level::ERROR } else { Level::WARNING };
        let start = boundary(query, finding.start);
        let end = boundary(query, finding.end.max(finding.start)).max(start);
        let snippet = Snippet::source(query).annotation(AnnotationKind::Primary.span(start..end));
        let mut group: Group<'_> = level.primary_title(&finding.message).id(&finding.code).element(snippet);
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(help));
        }
        out.push_str(&renderer.render(&[group]));
        out.push('\n');
    }
    out
}

/// Returns diagnostics of two texts that were read as one, each drawn under the text it is about.
pub fn diagnostics_after(before: &str, query: &str, found: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in found {
        let mut diagnostic = diagnostic.clone();
        let in_query = diagnostic.span.start >= before.len();
        if in_query {
            diagnostic.span.start -= before.len();
            diagnostic.span.end = diagnostic.span.end.saturating_sub(before.len());
        }
        out.push_str(&diagnostics(if in_query { query } else { before }, &[diagnostic]));
    }
    out
}

/// Returns the nearest place at or before `at` that does not split a character.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
