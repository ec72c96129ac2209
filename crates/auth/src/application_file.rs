//! The file of applications: a first line that says what it is, then a line an application, fields separated by tabs:
//!
//! ```text
//! # vidimus applications 1
//! exporter  Log Analytics Reader  prod,test  2026-11-01T...Z  -  argon2id$...
//! ```

use crate::stretched::Stretched;
use crate::token_file::Granted;
use crate::{Application, TokenError, token_file};
use std::path::Path;

const FIRST_LINE: &str = "# vidimus applications 1";

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Vec<Application>, TokenError> {
    parse(&token_file::read_text(path)?).map_err(|line| TokenError::Damaged { path: path.to_path_buf(), line })
}

/// Replaces the file.
pub(crate) fn write(path: &Path, applications: &[Application]) -> Result<(), TokenError> {
    let mut text = format!("{FIRST_LINE}\n");
    applications.iter().for_each(|application| text.push_str(&line(application)));
    token_file::write_text(path, &text)
}

/// Reads a file's text; the number of the first bad line when there is one.
fn parse(text: &str) -> Result<Vec<Application>, usize> {
    let mut lines = text.lines().zip(1..);
    match lines.next() {
        Some((FIRST_LINE, _)) => {}
        _ => return Err(1),
    }
    lines.map(|(line, number)| application(line).ok_or(number)).collect()
}

fn application(line: &str) -> Option<Application> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [id, roles, workspaces, created, expires, secret] = fields.as_slice() else { return None };
    let Granted { roles, workspaces, created, expires } = Granted::of_fields([roles, workspaces, created, expires])?;
    let secret = Stretched::of_text(secret)?;
    Some(Application { id: id.to_string(), roles, workspaces, created, expires, secret })
}

fn line(application: &Application) -> String {
    let Application { id, roles, workspaces, created, expires, secret } = application;
    format!("{id}\t{}\t{}\n", Granted::fields(roles, workspaces, *created, *expires), secret.to_text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, Workspaces};

    #[test]
    fn lines_read_back_and_a_damaged_one_is_named() {
        let application = Application {
            id: "exporter".into(),
            roles: vec![Role::LogAnalyticsReader],
            workspaces: Workspaces::All,
            created: 638_000_000_000_000_000,
            expires: None,
            secret: Stretched::none(),
        };
        let text = format!("{FIRST_LINE}\n{}", line(&application));
        assert_eq!(parse(&text), Ok(vec![application]));
        assert_eq!(parse(&text.replace("argon2id", "plain")), Err(2));
        assert_eq!(parse(&text.replace("Reader", "King")), Err(2));
        assert_eq!(parse("# vidimus tokens 1\n"), Err(1));
    }
}
