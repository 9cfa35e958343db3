//! What the tests of the text bank formats share.
use std::path::{Path, PathBuf};

use quittance_rules::bank::{Collected, CollectedStatement};

/// A file below `tests/fixtures`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The bytes of a fixture.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// All files below a folder with one of these endings, by name.
pub fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(path(&folder)).unwrap_or_else(|e| panic!("{folder}: {e}")) {
            let entry = entry.expect("a readable folder");
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a file type").is_dir() {
                folders.push(name);
            } else if endings.iter().any(|e| name.ends_with(e)) {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// Sum of the minor units of all lines.
pub fn sum(statement: &CollectedStatement) -> i64 {
    statement.lines.iter().map(|l| l.amount.minor()).sum()
}

/// Number of lines and their sum over all statements.
pub fn totals(read: &Collected) -> (usize, i64) {
    (read.statements.iter().map(|s| s.lines.len()).sum(), read.statements.iter().map(sum).sum())
}

/// The messages, each with line and field.
pub fn messages(read: &Collected) -> Vec<String> {
    read.problems
        .iter()
        .map(|p| format!("{}|{}|{}", p.line.unwrap_or_default(), p.field.as_deref().unwrap_or_default(), p.message))
        .collect()
}

/// Every file cut at every byte, and with bytes changed by a fixed sequence: nothing may panic, and nothing needs memory.
pub fn survives_damage(bytes: &[u8], read: impl Fn(&[u8])) {
    let step = (bytes.len() / 250).max(1);
    for end in (0..bytes.len()).step_by(step) {
        read(&bytes[..end]);
    }
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..150 {
        let mut damaged = bytes.to_vec();
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if !damaged.is_empty() {
                let at = (state >> 8) as usize % damaged.len();
                damaged[at] ^= 1 << (state % 8);
            }
        }
        read(&damaged);
    }
}
