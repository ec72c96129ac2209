//! Secrets come from files or from the environment, never from the command line.

use crate::error::PullError;
use auth::Secret;
use std::path::Path;

/// Reads a secret: one line of graphic characters, from a file, or from a variable of the environment when no file is named.
///
/// # Errors
/// The caller's: the file cannot be read, nothing is given, or it is no secret.
pub fn read_secret(what: &str, file: Option<&Path>, variable: &str) -> Result<Option<Secret>, PullError> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path).map_err(PullError::io(path))?,
        None => match std::env::var(variable) {
            Ok(text) => text,
            Err(_) => return Ok(None),
        },
    };
    let secret = Secret::new(text.trim().to_string());
    let is_one = !secret.expose().is_empty() && secret.expose().bytes().all(|byte| byte.is_ascii_graphic());
    match is_one {
        true => Ok(Some(secret)),
        false => Err(PullError::Secret { what: format!("what was given as {what} is none") }),
    }
}
