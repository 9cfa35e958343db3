//! A PostgreSQL server of our own for one test: on a free loopback port, in a temporary folder, gone with the test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Runs until dropped, also when the test panics. The kernel ends it (`setpriv --pdeathsig`) when the test is killed.
pub struct Server {
    child: Child,
    port: u16,
    databases: AtomicU32,
    // Removed after the server has stopped: fields are dropped after `Drop::drop`.
    _folder: tempfile::TempDir,
}

const MISSING: &str =
    "this test needs a PostgreSQL server: install the package `postgresql` (Debian, Ubuntu: apt-get install postgresql)";

/// The folder of the newest server programs.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, folder)) = found.pop() {
        return folder;
    }
    let which = Command::new("sh").args(["-c", "command -v initdb"]).output().expect("sh runs");
    let path = String::from_utf8_lossy(&which.stdout).trim().to_owned();
    assert!(!path.is_empty(), "{MISSING}");
    PathBuf::from(path).parent().expect("a program is in a folder").to_owned()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root, so root hands over to the user `postgres`. The program dies with this thread.
fn handed_over(program: PathBuf) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command.current_dir("/").stdin(Stdio::null()).env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
    command
}

impl Server {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("quittance-pg").tempdir().expect("a temporary folder");
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().expect("chown runs");
            assert!(owned.success(), "there is no user `postgres`: {MISSING}");
        }
        let cluster = folder.path().join("cluster");
        let made = handed_over(programs.join("initdb"))
            .arg("-D")
            .arg(&cluster)
            .args(["-A", "trust", "-U", "quittance", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"])
            .output()
            .expect("setpriv runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        // Somebody else may take the port between looking and starting; then another is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
            let mut child = handed_over(programs.join("postgres"))
                .arg("-D")
                .arg(&cluster)
                .arg("-k")
                .arg(folder.path())
                .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
                .args(["-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=60"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("setpriv runs");
            for _ in 0..200 {
                if child.try_wait().expect("a child can be asked").is_some() {
                    break;
                }
                let ready = Command::new(programs.join("pg_isready"))
                    .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
                    .status()
                    .expect("pg_isready runs");
                if ready.success() {
                    return Self { child, port, databases: AtomicU32::new(0), _folder: folder };
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("PostgreSQL did not start on five different ports");
    }

    /// Makes an empty database and gives its URL.
    pub async fn fresh(&self) -> String {
        let name = format!("book_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let base = format!("postgres://quittance@127.0.0.1:{}", self.port);
        let mut connection = PgConnection::connect(&format!("{base}/postgres")).await.expect("the server answers");
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database can be made");
        connection.close().await.expect("the connection closes");
        format!("{base}/{name}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT: immediate shutdown, the children too.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
