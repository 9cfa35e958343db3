//! Draws SVG with the fonts of this repository, and does to pictures what telephones, scanners and messengers do to them.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg;

use super::DemoError;
use super::chance::Chance;

/// Text of documents.
pub(crate) const SANS: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
/// Headings of documents.
pub(crate) const SANS_BOLD: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");
const FONTS: [&[u8]; 7] = [
    SANS,
    SANS_BOLD,
    include_bytes!("../fonts/LiberationMono-Regular.ttf"),
    include_bytes!("../fonts/Roboto-Regular.ttf"),
    include_bytes!("../fonts/Roboto-Bold.ttf"),
    include_bytes!("../fonts/Inter-Regular.otf"),
    include_bytes!("../fonts/Inter-SemiBold.otf"),
];

/// Where a drawing is put on its canvas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placing {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scale: f32,
    /// Clockwise, around the middle of the canvas.
    pub(crate) degrees: f32,
    /// Shift before turning, in pixels.
    pub(crate) shift: (f32, f32),
    /// What shows where the drawing does not reach.
    pub(crate) background: [u8; 3],
}

/// Holds the fonts.
pub(crate) struct Studio {
    options: usvg::Options<'static>,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let mut fonts = usvg::fontdb::Database::new();
        for font in FONTS {
            fonts.load_font_data(font.to_vec());
        }
        fonts.set_sans_serif_family("Liberation Sans");
        let options =
            usvg::Options { fontdb: Arc::new(fonts), font_family: "Liberation Sans".to_owned(), ..usvg::Options::default() };
        Self { options }
    }

    /// The drawing at `width` pixels.
    pub(crate) fn draw(&self, svg: &str, width: u32) -> Result<RgbImage, DemoError> {
        let tree = usvg::Tree::from_str(svg, &self.options).map_err(|e| DemoError::Drawing(e.to_string()))?;
        let scale = width as f32 / tree.size().width();
        let height = (tree.size().height() * scale).round() as u32;
        render(&tree, Placing { width, height, scale, degrees: 0.0, shift: (0.0, 0.0), background: [255, 255, 255] })
    }

    /// The drawing on a canvas of its own, turned.
    pub(crate) fn place(&self, svg: &str, placing: Placing) -> Result<RgbImage, DemoError> {
        let tree = usvg::Tree::from_str(svg, &self.options).map_err(|e| DemoError::Drawing(e.to_string()))?;
        render(&tree, placing)
    }
}

fn render(tree: &usvg::Tree, placing: Placing) -> Result<RgbImage, DemoError> {
    let too_large = || DemoError::Drawing(format!("{} × {} pixels", placing.width, placing.height));
    let mut pixmap = Pixmap::new(placing.width, placing.height).ok_or_else(too_large)?;
    let [r, g, b] = placing.background;
    pixmap.fill(Color::from_rgba8(r, g, b, 255));
    let middle = (placing.width as f32 / 2.0, placing.height as f32 / 2.0);
    let transform = Transform::from_scale(placing.scale, placing.scale)
        .post_translate(placing.shift.0, placing.shift.1)
        .post_concat(Transform::from_rotate_at(placing.degrees, middle.0, middle.1));
    resvg::render(tree, transform, &mut pixmap.as_mut());
    // The canvas is opaque, so premultiplied colours are the colours.
    let rgb = pixmap.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    RgbImage::from_raw(placing.width, placing.height, rgb).ok_or_else(too_large)
}

/// PNG.
pub(crate) fn png(image: &RgbImage) -> Result<Vec<u8>, DemoError> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, ImageFormat::Png)?;
    Ok(out.into_inner())
}

/// JPEG.
pub(crate) fn jpeg(image: &RgbImage, quality: u8) -> Result<Vec<u8>, DemoError> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(image)?;
    Ok(out)
}

/// What messengers do to a picture that is passed on `times` over: a coarse JPEG of a coarse JPEG.
pub(crate) fn through_messenger(image: &RgbImage, quality: u8, times: u32) -> Result<Vec<u8>, DemoError> {
    let mut bytes = jpeg(image, quality)?;
    for _ in 1..times {
        bytes = jpeg(&image::load_from_memory(&bytes)?.into_rgb8(), quality)?;
    }
    Ok(bytes)
}

/// Two-way noise of a sensor, and light that falls off to one corner by up to `shade` of 255.
pub(crate) fn sensor(image: &mut RgbImage, noise: i32, shade: i32, chance: &mut Chance) {
    // A pixel needs no cryptographic draw: one xorshift stream from a seeded start.
    let mut state = chance.below(u64::MAX) | 1;
    let (width, height) = (image.width().max(1) as i32, image.height().max(1) as i32);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The sum of two draws: small deviations are more frequent than large ones.
        let draw = (state & 0xffff) as i32 + ((state >> 16) & 0xffff) as i32 - 0xffff;
        let dark = shade * (x as i32 * 100 / width + y as i32 * 100 / height) / 200;
        for channel in &mut pixel.0 {
            *channel = (i32::from(*channel) + draw * noise / 0xffff - dark).clamp(0, 255) as u8;
        }
    }
}

/// Grey, as most office scanners are set.
pub(crate) fn grey(image: RgbImage) -> RgbImage {
    DynamicImage::ImageLuma8(DynamicImage::ImageRgb8(image).into_luma8()).into_rgb8()
}

/// Out of focus, by `sigma` pixels.
pub(crate) fn blur(image: &RgbImage, sigma: f32) -> RgbImage {
    image::imageops::blur(image, sigma)
}

/// So small that no letter is left, and back to size.
pub(crate) fn unreadable(image: &RgbImage, width: u32) -> RgbImage {
    let (w, h) = image.dimensions();
    let small = image::imageops::resize(image, width, (h * width / w.max(1)).max(1), FilterType::Triangle);
    image::imageops::resize(&small, w, h, FilterType::CatmullRom)
}
