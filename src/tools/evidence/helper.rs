//! Programs that the reading process itself starts (poppler, libheif): under its limits and tighter ones, one at a time.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::sandbox::monotonic;
use super::{confine, limits};

/// How a helper ended.
pub(super) struct Helped {
    pub(super) status: ExitStatus,
    /// What it said about it, at most 8 KiB.
    pub(super) complaint: String,
}

/// Why a helper gave nothing.
#[derive(Debug)]
pub(super) enum HelperError {
    /// It ran longer than it may.
    OverTime,
    /// It could not be started or watched.
    Failed(String),
}

/// Set once, before the first file is looked at.
static WITHOUT: AtomicBool = AtomicBool::new(false);

/// From here on no helper is there, whatever is installed.
pub(super) fn do_without() {
    WITHOUT.store(true, Ordering::Relaxed);
}

/// Where the system keeps a program; the search path is not asked, because it comes from outside.
pub(super) fn installed(name: &str) -> Option<PathBuf> {
    if WITHOUT.load(Ordering::Relaxed) {
        return None;
    }
    ["/usr/bin", "/usr/local/bin", "/bin"].iter().map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

/// Runs a program to its end or to `wall`. Its output goes to `stdout` in the workspace.
pub(super) fn run(program: &Path, arguments: &[&str], stdout: &Path, wall: Duration) -> Result<Helped, HelperError> {
    let failed = |e: std::io::Error| HelperError::Failed(e.to_string());
    let errors = stdout.with_extension("errors");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(stdout).map_err(failed)?)
        .stderr(std::fs::File::create(&errors).map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    // If it has already ended there is nothing left to limit.
    let _ended_already = confine::limit_helper(child.id());
    let begun = monotonic();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if begun.elapsed() >= limits::lengthened(wall.min(limits::HELPER_WALL)) {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            return Err(HelperError::OverTime);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(8));
    };
    let complaint = read_up_to(&errors, 8 * 1024).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
    Ok(Helped { status, complaint })
}

/// The first `most` bytes of a file.
pub(super) fn read_up_to(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
