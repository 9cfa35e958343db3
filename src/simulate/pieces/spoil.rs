//! What happens to a picture on its way: messengers, scanners, bad light, hands that shake.

use image::{Rgb, RgbImage, imageops};
use serde::{Deserialize, Serialize};

use super::PieceError;
use super::design::{Capture, Design, Medium};
use crate::demo::chance::Chance;
use crate::demo::draw::{blur, jpeg, png, sensor};

/// How a picture is spoilt. Zero and `None` leave it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spoil {
    /// Pixels across.
    pub width: u32,
    /// JPEG quality; a PNG where there is none.
    pub jpeg: Option<u8>,
    /// How often it is saved so, one after the other.
    pub times: u32,
    /// Out of focus, in tenths of a pixel.
    pub blur: u32,
    /// Noise of the sensor, of 255.
    pub noise: i32,
    /// Light that falls off to one corner, of 255.
    pub shade: i32,
    /// Turned clockwise, in tenths of a degree.
    pub turn: i32,
    /// Seen from the side: by how many thousandths the far edge is smaller.
    pub slant: i32,
    /// Cut off at the top, in hundredths of the height.
    pub crop: u32,
}

impl Default for Spoil {
    fn default() -> Self {
        Self { width: 720, jpeg: None, times: 1, blur: 0, noise: 0, shade: 0, turn: 0, slant: 0, crop: 0 }
    }
}

impl Spoil {
    /// One way of being spoilt that fits the medium, with tags that say which.
    pub(super) fn drawn(design: &Design, copy: u64, chance: &mut Chance) -> (Self, Vec<&'static str>) {
        let mut spoil = Self::default();
        let mut tags = Vec::new();
        match design.medium {
            Medium::Mail { .. } | Medium::Paper(Capture::Pdf) => {}
            Medium::Screen(_) => {
                spoil.width = *chance.pick(&[640, 720, 828, 1080]);
                // The first copy is as most arrive, the second as the worst do.
                let way = if copy.is_multiple_of(2) { chance.below(2) } else { 2 + chance.below(6) };
                match way {
                    0 => tags.push("png"),
                    1 => spoil.jpeg = Some(chance.between(60, 85) as u8),
                    2 => {
                        (spoil.jpeg, spoil.width) = (Some(chance.between(20, 35) as u8), 720);
                        tags.push("jpeg-coarse");
                    }
                    3 => {
                        (spoil.jpeg, spoil.width) = (Some(75), 480);
                        tags.push("half-size");
                    }
                    4 => {
                        (spoil.blur, spoil.jpeg) = (chance.between(8, 14) as u32, Some(75));
                        tags.push("blur");
                    }
                    5 => {
                        (spoil.jpeg, spoil.times) = (Some(chance.between(40, 60) as u8), 3);
                        tags.push("forwarded");
                    }
                    6 => {
                        (spoil.noise, spoil.shade, spoil.slant) = (14, 40, chance.between(10, 40) as i32);
                        (spoil.turn, spoil.jpeg, spoil.width) = (chance.between(-15, 15) as i32, Some(70), 1080);
                        tags.push("screen-photographed");
                    }
                    _ => {
                        (spoil.crop, spoil.jpeg) = (chance.between(3, 6) as u32, Some(70));
                        tags.push("crop");
                    }
                }
            }
            Medium::Slip(Capture::Scan) | Medium::Paper(Capture::Scan) => {
                spoil.width = if matches!(design.medium, Medium::Slip(_)) { 760 } else { 1240 };
                spoil.turn = chance.between(-12, 12) as i32;
                (spoil.noise, spoil.shade, spoil.blur) = (18, 20, 5);
                spoil.jpeg = Some(chance.between(45, 70) as u8);
            }
            Medium::Slip(_) | Medium::Paper(Capture::Photo) => {
                spoil.width = if matches!(design.medium, Medium::Slip(_)) { 900 } else { 1400 };
                spoil.jpeg = Some(chance.between(50, 80) as u8);
                spoil.turn = chance.between(-30, 30) as i32;
                spoil.slant = chance.between(0, 60) as i32;
                (spoil.noise, spoil.shade) = (20, chance.between(20, 110) as i32);
                if copy % 2 == 1 {
                    spoil.blur = chance.between(6, 10) as u32;
                    tags.push("blur");
                }
                if spoil.shade > 70 {
                    tags.push("shadow");
                }
            }
        }
        (spoil, tags)
    }
}

/// The picture, spoilt.
pub(super) fn spoilt(mut picture: RgbImage, spoil: &Spoil, chance: &mut Chance) -> RgbImage {
    if spoil.crop > 0 {
        let cut = picture.height() * spoil.crop.min(50) / 100;
        picture = imageops::crop_imm(&picture, 0, cut, picture.width(), picture.height() - cut).to_image();
    }
    if spoil.turn != 0 || spoil.slant != 0 {
        picture = seen_from_the_side(&picture, spoil);
    }
    if spoil.blur > 0 {
        picture = blur(&picture, spoil.blur as f32 / 10.0);
    }
    if spoil.noise > 0 || spoil.shade > 0 {
        sensor(&mut picture, spoil.noise, spoil.shade, chance);
    }
    picture
}

/// The picture, spoilt and encoded, with the ending of its format.
pub(super) fn picture(picture: RgbImage, spoil: &Spoil, chance: &mut Chance) -> Result<(Vec<u8>, &'static str), PieceError> {
    let picture = spoilt(picture, spoil, chance);
    let Some(quality) = spoil.jpeg else { return Ok((png(&picture)?, "png")) };
    let mut bytes = jpeg(&picture, quality)?;
    for _ in 1..spoil.times {
        bytes = jpeg(&image::load_from_memory(&bytes)?.into_rgb8(), quality)?;
    }
    Ok((bytes, "jpg"))
}

/// Turned, and the far edge smaller than the near one, on a table.
fn seen_from_the_side(picture: &RgbImage, spoil: &Spoil) -> RgbImage {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (sin, cos) = (spoil.turn as f32 / 10.0).to_radians().sin_cos();
    let slant = spoil.slant as f32 / 1_000.0;
    // Enough room around that no corner is lost.
    let room = 1.06 + slant;
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (x, y) = ((x as f32 - width / 2.0) * room, (y as f32 - height / 2.0) * room);
        let (x, y) = (x * cos + y * sin, y * cos - x * sin);
        let depth = 1.0 + slant * y / height;
        let (x, y) = (x / depth + width / 2.0, y / depth + height / 2.0);
        if x < 0.0 || y < 0.0 || x > width - 1.0 || y > height - 1.0 {
            return Rgb([118, 104, 92]);
        }
        imageops::interpolate_bilinear(picture, x, y).unwrap_or(Rgb([118, 104, 92]))
    })
}
