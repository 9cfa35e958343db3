//! A model that the settings name and do not enable is never spoken to: not by `read`, not by `import`, not by `run`. Only `--model` asks it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who calls, and hangs up.
fn endpoint() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (format!("http://{address}/v1"), calls)
}

fn quittance(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
    for name in ["OPENAI_BASE_URL", "OPENAI_API_KEY", "QUITTANCE_MODEL", "QUITTANCE_CONFIG", "DATABASE_URL"] {
        command.env_remove(name);
    }
    let output = command.current_dir(folder).args(arguments).output().expect("the program starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code() != Some(2), "{arguments:?}: {said}");
    said
}

#[test]
fn a_model_that_is_not_enabled_is_never_called() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (url, calls) = endpoint();
    let settings = |enabled: bool| {
        let text = format!(
            "database = \"sqlite://books.db\"\n[model]\nname = \"m\"\nbase_url = \"{url}\"\nenabled = {enabled}\nask = \"always\"\n\
             [[entity]]\nid = \"OWN\"\nname = \"Own GmbH\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n"
        );
        std::fs::write(folder.path().join("quittance.toml"), text).expect("written");
    };
    settings(false);
    let note = |name: &str| {
        std::fs::write(folder.path().join(name), format!("Hello, about {name}: see you on Friday.\n")).expect("written");
    };
    (1..=3).for_each(|n| note(&format!("note{n}.txt")));
    quittance(folder.path(), &["init"]);
    quittance(folder.path(), &["read", "note1.txt"]);
    quittance(folder.path(), &["import", "evidence", "note1.txt"]);
    quittance(folder.path(), &["run", "--once"]);
    assert_eq!(calls.load(Ordering::SeqCst), 0, "nobody asked for it");
    // The same documents reach it where somebody does, so that the count above can be trusted.
    quittance(folder.path(), &["read", "note1.txt", "--model"]);
    let asked = calls.load(Ordering::SeqCst);
    assert!(asked > 0);
    settings(true);
    quittance(folder.path(), &["import", "evidence", "note2.txt", "--no-model"]);
    quittance(folder.path(), &["read", "note2.txt"]);
    quittance(folder.path(), &["run", "--once"]);
    assert_eq!(calls.load(Ordering::SeqCst), asked, "reading without a database and running ask no model");
    quittance(folder.path(), &["import", "evidence", "note3.txt"]);
    assert!(calls.load(Ordering::SeqCst) > asked, "enabled is for what is taken in");
}
