//! `quittance serve` and `quittance user`, as a program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn quittance(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_quittance")).current_dir(folder).args(args).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Serving {
    child: Child,
    address: String,
    link: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quittance"))
            .current_dir(folder)
            .args(["serve", "--db", "sqlite://q.db", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first.strip_prefix("serving http://").expect(&first).to_owned();
        let link = lines.next().expect("a second line").expect("text");
        let health = ask(&address, "GET /healthz HTTP/1.1");
        assert!(health.contains("200 OK"), "{health}");
        Self { child, address, link }
    }

    fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("it runs").success());
        self.child.wait().expect("it ends").code()
    }
}

/// A request by hand; the whole answer.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{request}\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    text(&answer)
}

#[test]
fn a_chat_in_the_settings_is_served_with_the_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(quittance(folder.path(), &["init", "--db", "sqlite://q.db"]).status.success());
    let mut settings = "[whatsapp]\nenabled = true\n".to_owned();
    for name in ["app_secret", "verify_token", "access_token"] {
        std::fs::write(folder.path().join(name), format!("{name}-of-a-test")).expect("written");
        settings.push_str(&format!("{name}_file = \"{name}\"\n"));
    }
    std::fs::write(folder.path().join("quittance.toml"), settings).expect("written");
    let serving = Serving::start(folder.path());
    let handshake = "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=verify_token-of-a-test&hub.challenge=4711";
    let answer = ask(&serving.address, &format!("GET {handshake} HTTP/1.1"));
    assert!(answer.contains("200 OK") && answer.ends_with("4711"), "{answer}");
    assert_eq!(serving.stop(), Some(0));
}

#[test]
fn a_first_start_prints_a_link_that_makes_the_admin_and_a_stop_is_orderly() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = quittance(folder.path(), &["serve", "--db", "sqlite://q.db"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("quittance init"), "{}", text(&refused.stderr));
    assert!(quittance(folder.path(), &["init", "--db", "sqlite://q.db"]).status.success());

    let serving = Serving::start(folder.path());
    let link = serving.link.clone();
    let path = link.split(&serving.address).nth(1).expect("an address").to_owned();
    assert!(path.starts_with("/set-password/"), "{link}");
    assert!(ask(&serving.address, &format!("GET {path} HTTP/1.1")).contains("Set a password"));
    assert!(ask(&serving.address, "GET /readyz HTTP/1.1").contains("\"ready\""));
    let page = ask(&serving.address, "GET /queue HTTP/1.1");
    assert!(page.contains("303 See Other") && page.contains("location: /sign-in?next=/queue"), "{page}");
    assert_eq!(serving.stop(), Some(0));
    // Who let the link pass gets another one.
    let again = Serving::start(folder.path());
    assert!(again.link.contains("/set-password/"));
    assert_ne!(again.link.split("/set-password/").last(), link.split("/set-password/").last());
    assert_eq!(again.stop(), Some(0));
}

#[test]
fn people_are_added_listed_and_disabled_and_the_log_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| quittance(folder.path(), &[args, &["--db", "sqlite://q.db"]].concat());
    assert!(run(&["init"]).status.success());
    let added = run(&["user", "add", "Ana", "--name", "Ana López", "--role", "admin", "--by", "setup"]);
    assert!(added.status.success(), "{}", text(&added.stderr));
    assert!(text(&added.stdout).contains("/set-password/"));
    for (args, why) in [
        (&["user", "add", "bo", "--role", "boss"][..], "is no role"),
        (&["user", "add", "bo", "--role", "nowhere:viewer"], "there is no entity nowhere"),
        (&["user", "add", "b o", "--role", "viewer"], "is no login name"),
        (&["user", "disable", "nobody"], "nobody with the login name"),
    ] {
        let refused = run(args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(text(&refused.stderr).contains(why), "{args:?}: {}", text(&refused.stderr));
    }
    assert!(run(&["user", "add", "bo", "--role", "viewer"]).status.success());
    assert!(text(&run(&["user", "list"]).stdout).contains("ana"));
    assert!(run(&["user", "disable", "bo"]).status.success());
    let list = text(&run(&["user", "list", "--format", "json"]).stdout);
    let people: Vec<serde_json::Value> = list.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(people[1]["is_disabled"], true, "{list}");
    assert!(text(&run(&["user", "reset-link", "ana"]).stdout).starts_with("http://127.0.0.1:8080/set-password/"));
    let verified = run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    let out = folder.path().join("audit.jsonl");
    assert!(run(&["export", "audit", "--out", out.to_str().expect("plain")]).status.success());
    let log = std::fs::read_to_string(out).expect("written");
    assert!(log.contains("user_set") && log.contains("person:setup"));
}

#[test]
fn wrong_settings_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(quittance(folder.path(), &["init", "--db", "sqlite://q.db"]).status.success());
    for (settings, why) in [
        ("[web]\nlisten = \"nonsense\"", "listen"),
        ("[web]\npublic_url = \"quittance.example\"", "https://quittance.example.com"),
        ("[web]\ntls_certificate = \"a.pem\"", "go together"),
        ("[web]\nlisten = \"127.0.0.1:0\"\ntls_certificate = \"a.pem\"\ntls_key = \"b.pem\"", "a.pem"),
        ("[web]\nsession_hours = 1000", "session_hours is 1 to 168"),
        ("[web]\nsesion_hours = 1", "sesion_hours"),
        ("[[web.oidc]]\nid = \"x\"\nname = \"X\"\nissuer = \"http://idp.example\"\nclient_id = \"q\"", "https://"),
        (
            "[[web.oidc]]\nid = \"x\"\nname = \"X\"\nissuer = \"https://idp.example\"\nclient_id = \"q\"",
            "QUITTANCE_OIDC_X_SECRET",
        ),
    ] {
        std::fs::write(folder.path().join("quittance.toml"), settings).expect("written");
        let refused = quittance(folder.path(), &["serve", "--db", "sqlite://q.db"]);
        assert!(!refused.status.success(), "{settings}");
        assert!(text(&refused.stderr).contains(why), "{settings}: {}", text(&refused.stderr));
    }
}
