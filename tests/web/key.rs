//! The key that seals secrets, as the commands know it: made on the first start, asked for when it is missing or another one, changed, lost.

use std::path::Path;
use std::process::{Command, Output};

use quittance_agent::ports_accounts::{Accounts as _, Credentials, record_of};
use quittance_agent::webhooks::manage::digest_of;
use quittance_agent::webhooks::ports::Webhooks as _;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{Grant, Role, User, UserId};
use quittance_rules::webhooks::{EndpointState, EventKind, SecretRecord, WebhookEndpoint};
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;

use crate::sample::{apply, at};

const SIGNING: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
    let Output { status, stdout, stderr } = command
        .current_dir(folder)
        .env_remove("QUITTANCE_KEY")
        .env_remove("QUITTANCE_KEY_FILE")
        .args(arguments)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(!said.contains("panicked"), "{said}");
    (status.code(), said)
}

/// A person with a password and an address with a secret, in the book that `init` made.
async fn fill(folder: &Path) {
    let book = Database::open(&format!("sqlite://{}", folder.join("q.db").display())).await.unwrap();
    let book = book.with_keys(Keys::of_file(&folder.join("quittance.key")).unwrap());
    let ana = UserId::parse("ana").unwrap();
    let grants = vec![Grant { role: Role::Admin, entity: None }];
    let user =
        User { id: ana.clone(), name: "Ana".into(), email: None, language: None, grants, external: None, is_disabled: false };
    apply(&book, vec![Change::UserSet(user)]).await.unwrap();
    let credentials = Credentials { password: Some("$argon2id$one".into()), version: 1, ..Credentials::default() };
    let record = record_of(&ana, &credentials, "password", quittance_web::secret::digest);
    let set = ChangeSet { by: Actor::Rule, at: at(5), changes: vec![Change::CredentialsSet(record)] };
    book.set_credentials(set, &ana, &credentials, None).await.unwrap();
    let endpoint = WebhookEndpoint {
        id: "we_1".into(),
        version: 1,
        entity: None,
        url: "https://example.com/hook".into(),
        note: String::new(),
        events: EventKind::ALL.to_vec(),
        secrets: vec![SecretRecord { digest: digest_of(SIGNING), made_at: at(0), ends_at: None }],
        state: EndpointState::On,
        made_at: at(0),
    };
    let set = ChangeSet { by: Actor::Rule, at: at(6), changes: vec![Change::WebhookSet(endpoint.clone())] };
    book.set_webhook(set, &endpoint, Some(SIGNING)).await.unwrap();
    book.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_made_asked_for_changed_and_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("quittance.toml"), "database = \"sqlite://q.db\"\n").unwrap();
    let key = folder.join("quittance.key");
    let (status, said) = run(folder, &["init", "--by", "owner"]);
    assert!(status == Some(0) && said.contains("made the key file") && said.contains("quittance.key"), "{said}");
    assert!(!run(folder, &["init", "--by", "owner"]).1.contains("made the key file"), "once");
    fill(folder).await;
    let (status, said) = run(folder, &["key", "show"]);
    assert!(status == Some(0) && said.contains("It opens every secret"), "{said}");
    assert!(!said.contains(std::fs::read_to_string(&key).unwrap().lines().last().unwrap()), "keys are never printed");

    // Changed: the copy of before opens nothing new, and the file still opens what older backups hold.
    let old = std::fs::read_to_string(&key).unwrap();
    let (status, said) = run(folder, &["key", "change"]);
    assert!(status == Some(0) && said.contains("2 secrets are sealed with key"), "{said}");
    assert!(run(folder, &["key", "show"]).1.contains("1 older keys"));
    let new = std::fs::read_to_string(&key).unwrap();
    assert!(new.contains(old.lines().last().unwrap()));

    // Another key, a damaged file, none: refused with the file and what to do, and nothing is made or changed.
    for (text, words) in [
        (Some(old.as_str()), "is not in the key file"),
        (Some("quittance-key-1 AAAA\n"), "line 1: a key has 32 bytes"),
        (None, "is not in the key file"),
    ] {
        match text {
            Some(text) => std::fs::write(&key, text).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        let (status, said) = run(folder, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(status == Some(2) && said.contains(words) && said.contains("quittance.key"), "{said}");
        assert_eq!(std::fs::read_to_string(&key).ok().as_deref(), text);
    }
    assert_eq!(run(folder, &["key", "show"]).0, Some(1));
    let (status, said) = run(folder, &["audit", "verify"]);
    assert!(status == Some(1) && said.contains("NOT COMPARED") && !said.contains("ALTERED"), "{said}");
    // From the environment, it is there again.
    let verified = Command::new(env!("CARGO_BIN_EXE_quittance"))
        .current_dir(folder)
        .env("QUITTANCE_KEY", &new)
        .args(["audit", "verify"])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));

    // Lost for good: nothing is ended without a yes; then everything it sealed is, as changes in the log.
    let (status, said) = run(folder, &["key", "lost", "--by", "owner"]);
    assert!(status == Some(2) && said.contains("--yes"), "{said}");
    let (status, said) = run(folder, &["key", "lost", "--yes", "--by", "owner"]);
    assert!(status == Some(0) && said.contains("ana: sign-in ended") && said.contains("address we_1: switched off"), "{said}");
    let (status, said) = run(folder, &["audit", "verify"]);
    assert!(status == Some(0) && said.contains("Nothing has been altered"), "{said}");
    let (status, said) = run(folder, &["key", "lost", "--yes"]);
    assert!(status == Some(2) && said.contains("nothing is lost"), "{said}");
    let (status, said) = run(folder, &["user", "reset-link", "ana"]);
    assert!(status == Some(0) && said.contains("http"), "{said}");
}

/// A file that others may read works, and is warned about; one named in the settings is used where it is.
#[test]
fn a_key_file_of_its_own_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("keys")).unwrap();
    std::fs::write(folder.join("quittance.toml"), "database = \"sqlite://q.db\"\nkey_file = \"keys/own.key\"\n").unwrap();
    assert_eq!(run(folder, &["init", "--by", "owner"]).0, Some(0));
    let key = folder.join("keys/own.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.join("quittance.key").exists());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (status, said) = run(folder, &["init", "--by", "owner"]);
    assert!(status == Some(0) && said.contains("warning: everybody on this machine may read"), "{said}");
}
