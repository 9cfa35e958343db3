//! What a picture looks like in 64 bits, so that the same picture sent again is known: difference hash over 9 × 8 fields.

use image::{GrayImage, RgbImage, imageops};
use quittance_rules::reuse::PictureHash;

/// Fields across; each is compared with the one to its right.
const ACROSS: u32 = 9;
const DOWN: u32 = 8;
/// Margins of one colour (letter boxes, the table a slip lies on) are no part of what it looks like: lines that differ by less than this
/// from the corner are margin.
const MARGIN: u8 = 10;

/// The hash of a decoded picture.
pub(super) fn of(picture: &RgbImage) -> Option<PictureHash> {
    if picture.width() < 24 || picture.height() < 24 {
        return None;
    }
    // A thumbnail first: it costs one pass over the pixels, and fine noise does not reach it.
    let small = imageops::thumbnail(picture, 144, 144);
    let gray = imageops::grayscale(&small);
    let gray = without_margins(&gray);
    let fields = imageops::resize(&gray, ACROSS, DOWN, imageops::FilterType::Triangle);
    let mut bits = 0_u64;
    for y in 0..DOWN {
        for x in 0..ACROSS - 1 {
            let (left, right) = (fields.get_pixel(x, y).0[0], fields.get_pixel(x + 1, y).0[0]);
            bits = (bits << 1) | u64::from(left < right);
        }
    }
    Some(PictureHash(bits))
}

fn without_margins(gray: &GrayImage) -> GrayImage {
    let (width, height) = gray.dimensions();
    let ground = gray.get_pixel(0, 0).0[0];
    let plain = |mut pixels: Box<dyn Iterator<Item = u8> + '_>| pixels.all(|p| p.abs_diff(ground) < MARGIN);
    let row = |y: u32| plain(Box::new((0..width).map(move |x| gray.get_pixel(x, y).0[0])));
    let column = |x: u32| plain(Box::new((0..height).map(move |y| gray.get_pixel(x, y).0[0])));
    let top = (0..height).find(|y| !row(*y));
    let bottom = (0..height).rev().find(|y| !row(*y));
    let left = (0..width).find(|x| !column(*x));
    let right = (0..width).rev().find(|x| !column(*x));
    match (left, top, right, bottom) {
        (Some(left), Some(top), Some(right), Some(bottom)) if right - left >= 16 && bottom - top >= 16 => {
            imageops::crop_imm(gray, left, top, right - left + 1, bottom - top + 1).to_image()
        }
        _ => gray.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn picture(width: u32, height: u32, light: u8) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (fx, fy) = (x * 100 / width, y * 100 / height);
            let dark = (20..70).contains(&fx) && (fy / 8) % 3 == 1 || (fx + fy) % 37 < 5;
            Rgb([if dark { 40 + light / 2 } else { 210_u8.saturating_add(light) }; 3])
        })
    }

    #[test]
    fn scale_and_light_leave_it_nearly_as_it_is() {
        let original = of(&picture(1080, 2000, 0)).unwrap();
        for (width, height, light) in [(540, 1000, 0), (720, 1333, 0), (1080, 2000, 30)] {
            let again = of(&picture(width, height, light)).unwrap();
            assert!(original.distance(again) <= 6, "{width} {light}: {}", original.distance(again));
        }
        let turned = imageops::rotate180(&picture(1080, 2000, 0));
        assert!(original.distance(of(&turned).unwrap()) > 12);
        assert_eq!(of(&RgbImage::new(10, 10)), None);
    }
}
