//! The parent side of the sandbox: starts the reading process, watches its time and memory, and kills the whole group.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::limits::Limits;
use super::protocol::ANSWER_BYTES_MAX;

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Itself,
    OverTime,
    OverMemory,
}

/// What is left of a reading process.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) ended: Ended,
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
    pub(super) elapsed: Duration,
    pub(super) resident_bytes_peak: u64,
    /// The attachment of a mail that it was about when it ended, counted from 1.
    pub(super) attachment: Option<u32>,
}

/// The file in the workspace that names the attachment being read.
pub(super) const ATTACHMENT: &str = "attachment";

impl Remains {
    /// The signal that ended it, if one did.
    pub(super) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

/// The monotonic clock that bounds a reading process; it decides how long to wait and never what a document says.
#[expect(clippy::disallowed_methods, reason = "a time limit on a process needs the monotonic clock")]
pub(super) fn monotonic() -> Instant {
    Instant::now()
}

/// Runs `program arguments` on the bytes, in a folder of its own, with an empty environment, and returns when nothing of it runs any more.
pub(super) fn run(program: &Path, arguments: &[OsString], bytes: &[u8], limits: &Limits) -> std::io::Result<Remains> {
    let workspace = tempfile::Builder::new().prefix("quittance-read-").tempdir()?;
    // Standard input is a read-only file outside the writable folder: seekable, and the child cannot change what the parent keeps.
    let mut input = tempfile::NamedTempFile::new()?;
    input.write_all(bytes)?;
    input.flush()?;
    let stdin = File::open(input.path())?;

    let begun = monotonic();
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        // Two OpenMP threads on a busy machine make tesseract five times slower, and the limits are per process.
        .env("OMP_THREAD_LIMIT", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", "/usr/bin:/bin:/usr/local/bin")
        .env("TMPDIR", workspace.path())
        .env("HOME", workspace.path())
        .current_dir(workspace.path())
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let stdout = collect(child.stdout.take(), ANSWER_BYTES_MAX + 1);
    let stderr = collect(child.stderr.take(), 64 * 1024);
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        child.kill()?;
        child.wait()?;
        return Err(std::io::Error::other("the reading process has no usable number"));
    };

    let mut peak = 0u64;
    let mut pause = Duration::from_millis(2);
    let ended = loop {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(pid), options)?.is_some() {
            break Ended::Itself;
        }
        if begun.elapsed() >= limits.wall {
            break Ended::OverTime;
        }
        let memory = memory_of_tree(pid.as_raw_nonzero().get(), 0);
        peak = peak.max(memory.now).max(memory.own_peak);
        if memory.now > limits.resident_bytes_max {
            break Ended::OverMemory;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    };
    // The leader is not reaped yet, so its number still names this group and no other. An empty group is no failure.
    let _already_gone = kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    let elapsed = begun.elapsed();
    // Written by the process that read the file: a number or nothing.
    let attachment = std::fs::read_to_string(workspace.path().join(ATTACHMENT)).ok().and_then(|number| number.parse().ok());
    Ok(Remains { ended, status, stdout: stdout.bytes(), stderr: stderr.text(), elapsed, resident_bytes_peak: peak, attachment })
}

struct Collector(Option<std::thread::JoinHandle<Vec<u8>>>);

/// Reads a pipe to its end, keeping at most `most` bytes; the rest is read and let go, so that the writer never blocks.
fn collect(pipe: Option<impl Read + Send + 'static>, most: usize) -> Collector {
    Collector(pipe.map(|mut pipe| {
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut chunk = [0u8; 16 * 1024];
            while let Ok(count) = pipe.read(&mut chunk) {
                if count == 0 {
                    break;
                }
                let room = most.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(chunk.get(..room).unwrap_or_default());
            }
            kept
        })
    }))
}

impl Collector {
    fn bytes(self) -> Vec<u8> {
        self.0.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
    fn text(self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

#[derive(Default)]
struct Memory {
    /// Resident now, all processes of the tree, in bytes.
    now: u64,
    /// The most the first process ever held, in bytes.
    own_peak: u64,
}

fn memory_of_tree(pid: i32, depth: u32) -> Memory {
    let mut memory = memory_of(pid);
    if depth < 4 {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_ascii_whitespace().filter_map(|c| c.parse().ok()) {
            memory.now = memory.now.saturating_add(memory_of_tree(child, depth + 1).now);
        }
    }
    memory
}

fn memory_of(pid: i32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.trim().split(' ').next()).and_then(|n| n.parse::<u64>().ok());
        kib.unwrap_or(0).saturating_mul(1024)
    };
    Memory { now: field("VmRSS:"), own_peak: field("VmHWM:") }
}
