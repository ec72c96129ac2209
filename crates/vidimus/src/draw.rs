//! Diagnostics drawn under the query's text.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use kql::Diagnostic;
use std::io::IsTerminal;

/// Returns diagnostics as text for a terminal.
pub fn diagnostics(query: &str, found: &[Diagnostic]) -> String {
    let renderer = if std::io::stderr().is_terminal() { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in found {
        let level = if diagnostic.is_error() { Level::ERROR } else { Level::WARNING };
        let start = boundary(query, diagnostic.span.start);
        let end = boundary(query, diagnostic.span.end.max(diagnostic.span.start)).max(start);
        let snippet = Snippet::source(query).annotation(AnnotationKind::Primary.span(start..end));
        let mut group: Group<'_> = level.primary_title(&diagnostic.message).id(diagnostic.code).element(snippet);
        if let Some(help) = &diagnostic.help {
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
