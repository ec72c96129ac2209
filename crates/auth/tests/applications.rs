//! Applications from their registration to their end.

use auth::{Action, Applications, AuthError, Role, Secret, SignInError, TokenError, Tokens, Workspaces};
use schema::ticks;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use stdx::Clock;

/// A clock that a test moves.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

struct Installation {
    clock: Arc<Hand>,
    tokens: Arc<Tokens>,
    applications: Applications,
}

fn open(folder: &Path) -> Installation {
    let clock = Arc::new(Hand(AtomicI64::new(ticks::UNIX_EPOCH)));
    let tokens = Arc::new(Tokens::open(folder.join("tokens"), clock.clone()).unwrap());
    let applications = Applications::open(folder.join("applications"), tokens.clone(), clock.clone()).unwrap();
    Installation { clock, tokens, applications }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_string())
}

fn prod() -> Workspaces {
    Workspaces::Named(vec!["prod".to_string()])
}

#[test]
fn an_application_signs_in_and_is_who_it_is_by_each_token() {
    let folder = tempfile::tempdir().unwrap();
    let Installation { clock, tokens, applications } = open(folder.path());
    applications.create("app", &secret("a secret of mine"), &[Role::LogAnalyticsReader], prod(), None).unwrap();
    let issued = applications.sign_in("app", &secret("a secret of mine")).unwrap();
    assert_eq!(issued.seconds, 3600);
    let enter = |text: &str| tokens.authenticate(Some(&format!("Bearer {text}")));
    let principal = enter(issued.token.expose()).unwrap();
    assert_eq!((principal.id.as_str(), principal.name.as_str()), ("app", "app"));
    assert!(principal.may(Action::Read, "prod") && !principal.may(Action::Manage, "prod"));
    assert!(tokens.list().unwrap().is_empty(), "people's tokens are others");
    // Soon after it is the same token, later another; the first one ends after its hour.
    let again = applications.sign_in("app", &secret("a secret of mine")).unwrap();
    assert_eq!(again.token.expose(), issued.token.expose());
    clock.0.fetch_add(40 * ticks::MINUTE, Ordering::SeqCst);
    let later = applications.sign_in("app", &secret("a secret of mine")).unwrap();
    assert_ne!(later.token.expose(), issued.token.expose());
    assert!(enter(issued.token.expose()).is_ok());
    clock.0.fetch_add(21 * ticks::MINUTE, Ordering::SeqCst);
    assert!(matches!(enter(issued.token.expose()), Err(AuthError::Expired)));
    assert!(enter(later.token.expose()).is_ok());
    // Another process, and one after a restart, knows the token too.
    let other = Tokens::open(folder.path().join("tokens"), clock.clone()).unwrap();
    assert!(other.authenticate(Some(&format!("Bearer {}", later.token.expose()))).is_ok());
    // What is kept shows no secret.
    for file in ["applications", "tokens.issued"] {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        let (_, tail) = later.token.expose().split_at(20);
        assert!(!text.contains("secret") && !text.contains(tail), "{file}");
    }
}

#[test]
fn whoever_does_not_know_the_secret_learns_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Installation { applications, .. } = open(folder.path());
    applications.create("app", &secret("a secret of mine"), &[Role::Owner], Workspaces::All, None).unwrap();
    let wrong = applications.sign_in("app", &secret("A secret of mine")).unwrap_err();
    let unknown = applications.sign_in("nobody", &secret("a secret of mine")).unwrap_err();
    assert_eq!(wrong.to_string(), unknown.to_string());
    assert!(!folder.path().join("tokens.issued").exists());
}

#[test]
fn a_deleted_application_is_out_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let Installation { tokens, applications, .. } = open(folder.path());
    applications.create("app", &secret("a secret of mine"), &[Role::Owner], Workspaces::All, None).unwrap();
    let issued = applications.sign_in("app", &secret("a secret of mine")).unwrap();
    applications.delete("app").unwrap();
    let header = format!("Bearer {}", issued.token.expose());
    assert!(matches!(tokens.authenticate(Some(&header)), Err(AuthError::Invalid)));
    assert!(matches!(applications.sign_in("app", &secret("a secret of mine")), Err(SignInError::Invalid)));
    assert!(matches!(applications.delete("app"), Err(TokenError::UnknownApplication { .. })));
    // One of the same id is another.
    applications.create("app", &secret("another secret of mine"), &[Role::LogAnalyticsReader], prod(), None).unwrap();
    let issued = applications.sign_in("app", &secret("another secret of mine")).unwrap();
    let principal = tokens.authenticate(Some(&format!("Bearer {}", issued.token.expose()))).unwrap();
    assert!(!principal.may(Action::Manage, "prod"));
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Installation { clock, applications, .. } = open(folder.path());
    let create = |id: &str, text: &str, expires| {
        applications.create(id, &secret(text), &[Role::Owner], Workspaces::All, expires)
    };
    create("app", "a secret of mine", Some(clock.now_ticks() + ticks::SECOND)).unwrap();
    assert!(matches!(create("app", "a secret of mine", None), Err(TokenError::ApplicationExists { .. })));
    assert!(matches!(create("a,b", "a secret of mine", None), Err(TokenError::BadName { .. })));
    assert!(matches!(create("short", "12345", None), Err(TokenError::SecretLength { .. })));
    assert_eq!(applications.sign_in("app", &secret("a secret of mine")).unwrap().seconds, 1);
    clock.0.fetch_add(ticks::SECOND, Ordering::SeqCst);
    assert!(matches!(applications.sign_in("app", &secret("a secret of mine")), Err(SignInError::Expired)));
}
