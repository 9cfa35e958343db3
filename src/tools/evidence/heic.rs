//! HEIC and AVIF photographs, decoded by libheif's own program under limits: no pure decoder of HEVC is well kept.

use image::RgbImage;

use super::child::Desk;
use super::helper::{self, HelperError};
use super::limits;
use super::protocol::{Refusal, RefusalReason};

/// Decodes the primary image of the file.
pub(super) fn decode(bytes: &[u8], desk: &Desk) -> Result<RgbImage, Refusal> {
    let program = helper::installed("heif-convert").or_else(|| helper::installed("heif-dec")).ok_or_else(|| {
        let sentence = "reading HEIC photographs needs the package libheif-examples; install it or ask for a JPEG";
        Refusal::new(RefusalReason::MissingProgram, sentence)
    })?;
    let write = |e: std::io::Error| Refusal::broken(format!("the HEIC photograph could not be unpacked: {e}"));
    let (input, output) = (desk.path("photo.heic"), desk.path("photo.jpg"));
    std::fs::write(&input, bytes).map_err(write)?;
    // libheif turns the picture upright itself.
    let arguments = ["-q", "92", &input.to_string_lossy(), &output.to_string_lossy()];
    let broken = || Refusal::broken("the HEIC photograph is broken or too large; ask for it as a JPEG");
    match helper::run(&program, &arguments, &desk.path("heif.out"), limits::HELPER_WALL) {
        Ok(helped) if helped.status.success() => {}
        Ok(_) | Err(HelperError::Failed(_)) => return Err(broken()),
        Err(HelperError::OverTime) => {
            return Err(Refusal::new(
                RefusalReason::OverLimit,
                "the HEIC photograph takes too long to unpack; ask for it as a JPEG",
            ));
        }
    }
    // With several pictures in one file the program numbers its outputs.
    let numbered = desk.path("photo-1.jpg");
    let path = if output.is_file() { output } else { numbered };
    let jpeg = helper::read_up_to(&path, limits::WRITTEN_FILE_BYTES).map_err(|_| broken())?;
    // What the photograph says of its turning was done already, and is copied to the output all the same.
    super::image::decode_as_stored(&jpeg, image::ImageFormat::Jpeg).map_err(|_| broken())
}
