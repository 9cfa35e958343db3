//! The numbers that bound the reading of one file, each with its reason.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Bounds for one file. The defaults keep a file under ten seconds and under 384 MiB for all processes that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// After this the whole process group is killed and the file is `TimedOut`.
    pub wall: Duration,
    /// Resident memory of the reading process and the programs it started, together. The parent samples it and kills.
    pub resident_bytes_max: u64,
    /// Largest file taken. A phone photo is 3 to 12 MiB; mail servers commonly stop at 25 MiB.
    pub input_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall: Duration::from_millis(9_700), resident_bytes_max: 384 * MIB, input_bytes_max: 25 * MIB }
    }
}

/// One mebibyte.
pub const MIB: u64 = 1024 * 1024;

/// Address space of the reading process. Tesseract with two languages and a four-megapixel page was measured under 260 MiB.
pub const CHILD_ADDRESS_SPACE: u64 = 368 * MIB;
/// Address space of one helper program. poppler was measured at 60 MiB of mappings plus its page.
pub const HELPER_ADDRESS_SPACE: u64 = 224 * MIB;
/// Processor seconds of the reading process and of each helper.
pub const CPU_SECONDS: u64 = 10;
/// Largest file that is written: a rendered page is 3 bytes a pixel.
pub const WRITTEN_FILE_BYTES: u64 = 64 * MIB;
/// Open files of a process.
pub const OPEN_FILES: u64 = 64;
/// From here on no new page or part is begun; what is read so far is the answer, and the rest is a complaint.
pub const SOFT_DEADLINE: Duration = Duration::from_millis(6_500);
/// From here on no second look is taken at a picture; one pass is the answer.
pub const SECOND_LOOK: Duration = Duration::from_millis(6_000);
/// Longest run of one helper program.
pub const HELPER_WALL: Duration = Duration::from_millis(3_500);
/// Pixels of one image: 50-megapixel phone cameras fit, a 20,000 x 20,000 bomb does not.
pub const PIXELS_MAX: u64 = 52_000_000;
/// Pixels along one side.
pub const SIDE_MAX: u32 = 20_000;
/// Bytes a decoder may ask for.
pub const DECODER_BYTES_MAX: u64 = 200 * MIB;
/// Pages of one document.
pub const PAGES_MAX: u32 = 20;
/// Mail parts and attachments that are read, over all depths.
pub const PARTS_MAX: u32 = 20;
/// How deep forwarded messages may nest.
pub const DEPTH_MAX: u32 = 5;
/// The most that deadlines can be lengthened.
pub const PATIENCE_MAX: u32 = 20;

static PATIENCE: AtomicU32 = AtomicU32::new(1);

/// Makes every deadline of this process so many times as long, 1 to [`PATIENCE_MAX`]. Set once, before the first file is looked at.
pub(super) fn be_patient(times: u32) {
    PATIENCE.store(times.clamp(1, PATIENCE_MAX), Ordering::Relaxed);
}

/// A deadline of this process.
pub(super) fn lengthened(deadline: Duration) -> Duration {
    deadline.saturating_mul(PATIENCE.load(Ordering::Relaxed))
}
