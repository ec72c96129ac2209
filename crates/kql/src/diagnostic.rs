//! Diagnostics: what is wrong with a query, where, and what to do.

/// A place in the query's text, as byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Makes a span.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// Returns the smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The query does not run.
    Error,
    Warning,
}

/// Which step found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Syntax,
    Semantic,
    /// Valid KQL that this product refuses or does not support yet.
    Unsupported,
    Limit,
    Runtime,
}

impl Kind {
    /// Returns the kind's name in machine-readable answers.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Syntax => "syntax",
            Kind::Semantic => "semantic",
            Kind::Unsupported => "unsupported",
            Kind::Limit => "limit",
            Kind::Runtime => "runtime",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable; where Microsoft's language service has a code for the same finding it is that one (`KS142`), ours start
    /// with `VQ`. Each stands in `docs/kql/diagnostics.md`.
    pub code: &'static str,
    pub severity: Severity,
    pub kind: Kind,
    /// Lower case, no full stop, the user's words in backticks.
    pub message: String,
    pub span: Span,
    /// What to do: the nearest name, the right form.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Makes a syntax error.
    pub fn syntax(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, kind: Kind::Syntax, message: message.into(), span, help: None }
    }

    /// Makes a semantic error.
    pub fn semantic(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, kind: Kind::Semantic, message: message.into(), span, help: None }
    }

    /// Makes an error for valid KQL that is refused or not supported yet.
    pub fn unsupported(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            kind: Kind::Unsupported,
            message: message.into(),
            span,
            help: None,
        }
    }

    /// Makes an error that Kusto, too, finds only when it plans or runs the query.
    pub fn runtime(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, kind: Kind::Runtime, message: message.into(), span, help: None }
    }

    /// Makes a warning.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Warning,
            kind: Kind::Semantic,
            message: message.into(),
            span,
            help: None,
        }
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Returns whether it stops the query.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Returns the candidate nearest to `name` by edit distance, when it is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let budget = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(far, _)| *far <= budget)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Damerau-Levenshtein distance, adjacent swaps counting one.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}
