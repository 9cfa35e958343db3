//! The built program, run as a user runs it: in a folder of its own, with nothing of the environment but the search path.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder to work in, gone with the test.
pub struct Folder(tempfile::TempDir);

/// How a command ended and what it said.
pub struct Said {
    /// The command, for messages.
    command: String,
    /// Exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("quittance-flow").tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its name back, for the command line.
    pub fn file<'n>(&self, name: &'n str, contents: impl AsRef<[u8]>) -> &'n str {
        std::fs::write(self.path(name), contents).expect("the folder is ours");
        name
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", search_path()).env("USER", "tester");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(arguments, self.command(arguments).output().expect("the program starts"))
    }
}

impl Said {
    pub fn of(arguments: &[&str], output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        let said = Self {
            command: arguments.join(" "),
            status: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!said.err.contains("panicked"), "{said}");
        said
    }

    /// The same, having ended so.
    pub fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }

    /// The same, having said this somewhere.
    pub fn says(self, words: &str) -> Self {
        assert!(self.out.contains(words) || self.err.contains(words), "`{words}` is not in:\n{self}");
        self
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "quittance {}\nstatus {:?}\n{}{}", self.command, self.status, self.out, self.err)
    }
}

/// Where the programs that the tested one calls are found.
#[expect(clippy::disallowed_methods, reason = "the tested program gets no other part of the environment")]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
