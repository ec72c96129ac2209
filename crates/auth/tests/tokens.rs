//! Tokens from their making to their end.

use auth::{Action, AuthError, Principal, Role, TokenError, Tokens, Workspaces};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use stdx::Clock;

/// A clock that a test moves.
#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn open(path: &Path, clock: &Arc<Hand>) -> Tokens {
    Tokens::open(path, clock.clone()).unwrap()
}

fn enter(tokens: &Tokens, text: &str) -> Result<Principal, AuthError> {
    tokens.authenticate(Some(&format!("Bearer {text}")))
}

#[test]
fn a_token_lets_in_until_it_is_revoked_and_others_see_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("tokens"), Arc::new(Hand::default()));
    let (server, tool) = (open(&path, &clock), open(&path, &clock));
    let workspaces = Workspaces::Named(vec!["prod".into()]);
    let made = tool.create("ci", &[Role::LogAnalyticsReader], workspaces, None).unwrap();

    let principal = enter(&server, made.text.expose()).unwrap();
    assert_eq!((principal.id.as_str(), principal.name.as_str()), (made.id.as_str(), "ci"));
    assert!(principal.may(Action::Read, "prod") && !principal.may(Action::Read, "test"));
    assert!(tokens_file_is_private(&path));

    let second = tool.create("second", &[Role::Owner], Workspaces::All, None).unwrap();
    tool.revoke(&made.id).unwrap();
    assert!(matches!(enter(&server, made.text.expose()), Err(AuthError::Invalid)));
    assert!(enter(&server, second.text.expose()).is_ok());
    assert!(matches!(tool.revoke(&made.id), Err(TokenError::UnknownToken { .. })));
}

fn tokens_file_is_private(path: &Path) -> bool {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777 == 0o600
}

#[test]
fn the_file_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let tokens = open(&path, &Arc::default());
    let made = tokens.create("ci", &[Role::Owner], Workspaces::All, None).unwrap();
    let (_, secret) = made.text.expose().rsplit_once(&format!("{}_", made.id)).unwrap();
    assert!(!std::fs::read_to_string(&path).unwrap().contains(secret));
}

#[test]
fn what_is_no_valid_token_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::default());
    let tokens = open(&folder.path().join("tokens"), &clock);
    let made = tokens.create("ci", &[Role::Owner], Workspaces::All, Some(100)).unwrap();
    let text = made.text.expose();
    let (head, last) = text.split_at(text.len() - 1);
    let other_last = if last == "A" { "B" } else { "A" };
    for header in [None, Some(""), Some("Bearer"), Some(text), Some(&format!("Basic {text}"))] {
        assert!(matches!(tokens.authenticate(header), Err(AuthError::Missing)), "{header:?}");
    }
    for bad in [format!("{head}{other_last}"), head.to_string(), text.replace("vdm_", ""), "vdm_0_x".into(), "x".into()]
    {
        assert!(matches!(enter(&tokens, &bad), Err(AuthError::Invalid)), "{bad}");
    }
    assert!(tokens.authenticate(Some(&format!("bearer   {text}"))).is_ok());
    clock.0.store(99, Ordering::SeqCst);
    assert!(enter(&tokens, text).is_ok());
    clock.0.store(100, Ordering::SeqCst);
    assert!(matches!(enter(&tokens, text), Err(AuthError::Expired)));
}

#[test]
fn a_file_in_doubt_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let tokens = open(&path, &Arc::default());
    let made = tokens.create("ci", &[Role::Owner], Workspaces::All, None).unwrap();
    assert!(enter(&tokens, made.text.expose()).is_ok());

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let refused = enter(&tokens, made.text.expose());
    assert!(matches!(refused, Err(AuthError::Unavailable(TokenError::OpenToOthers { .. }))));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(enter(&tokens, made.text.expose()).is_ok());

    std::fs::write(&path, "nonsense").unwrap();
    let refused = enter(&tokens, made.text.expose());
    assert!(matches!(refused, Err(AuthError::Unavailable(TokenError::Damaged { line: 1, .. }))));
    assert!(Tokens::open(&path, Arc::new(Hand::default())).is_err());

    std::fs::remove_file(&path).unwrap();
    assert!(matches!(enter(&tokens, made.text.expose()), Err(AuthError::Invalid)));
}

#[test]
fn names_that_would_break_a_line_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = open(&folder.path().join("tokens"), &Arc::default());
    for name in ["", " ", "a\tb", "a\nb", "a,b", "*", &"x".repeat(200)] {
        let made = tokens.create(name, &[Role::Owner], Workspaces::All, None);
        assert!(matches!(made, Err(TokenError::BadName { .. })), "{name}");
        let workspaces = Workspaces::Named(vec![name.to_string()]);
        let made = tokens.create("ci", &[Role::Owner], workspaces, None);
        assert!(matches!(made, Err(TokenError::BadName { .. })), "{name}");
    }
    assert!(matches!(tokens.create("ci", &[], Workspaces::All, None), Err(TokenError::NothingGranted)));
    let nowhere = Workspaces::Named(vec![]);
    assert!(matches!(tokens.create("ci", &[Role::Owner], nowhere, None), Err(TokenError::NothingGranted)));
    assert!(tokens.list().unwrap().is_empty());
}
