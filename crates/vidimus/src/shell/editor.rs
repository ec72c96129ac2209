//! The line editor: keys, history and the menu; what it shows is decided elsewhere in this folder.

use super::complete::complete;
use super::paint::{Known, Paint, paint};
use super::statement;
use super::vocabulary::Vocabulary;
use kql_functions::FUNCTIONS;
use reedline::{
    Color, ColumnarMenu, Completer, CompletionResult, DefaultHinter, EditCommand, Emacs, FileBackedHistory,
    Highlighter, KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch,
    PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu, Span, StyledText, Suggestion, ValidationResult,
    Validator, default_emacs_keybindings,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Inputs that the history holds.
const HISTORY_MAX: usize = 10_000;
const MENU: &str = "completions";

/// Makes the line editor.
pub fn editor(vocabulary: &Arc<Vocabulary>) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let menu = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_string()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, menu);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    let new_line = ReedlineEvent::Edit(vec![EditCommand::InsertNewline]);
    keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, new_line);
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let editor = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_completer(Box::new(Words(vocabulary.clone())))
        .with_quick_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU))))
        .with_highlighter(Box::new(Colours(vocabulary.clone())))
        .with_hinter(Box::new(DefaultHinter::default().with_style(Color::DarkGray.normal())))
        .with_validator(Box::new(Whole))
        .with_ansi_colors(colours)
        .use_bracketed_paste(true);
    match history() {
        Ok(Some(history)) => editor.with_history(Box::new(history)),
        Ok(None) => editor,
        Err(error) => {
            eprintln!("warning: the history is not kept: {error}");
            editor
        }
    }
}

/// Opens the history; `None` when the user has no folder for it.
fn history() -> anyhow::Result<Option<FileBackedHistory>> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    let Some(path) = state.map(|state| state.join("vidimus/history")) else { return Ok(None) };
    create_private(&path)?;
    Ok(Some(FileBackedHistory::with_file(HISTORY_MAX, path)?))
}

/// Makes the file unless it is there. Queries name people and addresses, so only the user may read it.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// What stands before an input.
pub struct KqlPrompt;

impl Prompt for KqlPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("kql")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("   > ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = if matches!(search.status, PromptHistorySearchStatus::Failing) { "not found " } else { "" };
        Cow::Owned(format!("({failing}history: {}) ", search.term))
    }
}

struct Words(Arc<Vocabulary>);

impl Completer for Words {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let choices = complete(&self.0, line, pos);
        let span = Span { start: choices.range.start, end: choices.range.end };
        let suggestions = choices.list.into_iter().map(|choice| Suggestion {
            append_whitespace: !choice.text.ends_with('('),
            description: Some(choice.note).filter(|note| !note.is_empty()),
            value: choice.text,
            span,
            ..Suggestion::default()
        });
        CompletionResult::fresh(suggestions.collect::<Vec<_>>())
    }
}

struct Colours(Arc<Vocabulary>);

impl Highlighter for Colours {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let known = Known {
            is_table: &|name| self.0.is_table(name),
            is_function: &|name| FUNCTIONS.scalar(name).is_some() || FUNCTIONS.aggregate(name).is_some(),
        };
        let mut styled = StyledText::new();
        for (range, paint) in paint(line, &known) {
            let style = match paint {
                Paint::Plain => Color::Default.normal(),
                Paint::Keyword => Color::Blue.bold(),
                Paint::Operator => Color::DarkGray.normal(),
                Paint::Function => Color::Cyan.normal(),
                Paint::Table => Color::Purple.bold(),
                Paint::String => Color::Green.normal(),
                Paint::Number => Color::Yellow.normal(),
                Paint::Comment => Color::DarkGray.italic(),
                Paint::Bad => Color::Red.underline(),
            };
            styled.push((style, line.get(range).unwrap_or("").to_string()));
        }
        styled
    }
}

struct Whole;

impl Validator for Whole {
    fn validate(&self, line: &str) -> ValidationResult {
        if statement::is_whole(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}
