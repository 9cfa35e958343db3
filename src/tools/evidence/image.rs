//! Pictures: decoded under limits, turned upright, read in two passes.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{
    AnimationDecoder as _, DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Rgb, RgbImage, imageops,
};

use super::child::Desk;
use super::level::Tilt;
use super::media::Media;
use super::ocr::{Layout, Ocr};
use super::page::{Document, Page, Rect, Seen};
use super::protocol::{Refusal, RefusalReason};
use super::{fingerprint, headline, heic, limits, relay, rupee, vote, zero};

/// Pixels a picture is brought down to before it is read: an A4 page at 200 dots per inch.
const WORK_PIXELS: u64 = 4_000_000;
/// Letters higher than this are scaled down, which loses nothing and saves most of the time.
const LETTER_HIGH: u32 = 34;
/// Letters lower than this are scaled up for the pass over the whole page.
const LETTER_LOW: u32 = 17;
/// A picture smaller than this along one side holds no text (tracking pixels, icons in mails).
const SIDE_MIN: u32 = 24;
/// Fewer sure letters than this, and the picture may lie on its side.
const UPRIGHT_LETTERS: usize = 16;

/// Reads an image file.
pub(super) fn read(bytes: &[u8], media: Media, desk: &mut Desk) -> Result<Document, Refusal> {
    let still = |format| decode_still(bytes, format).map(|picture| (picture, further_pictures(bytes, format)));
    let (picture, complaint) = match media {
        Media::Png => still(ImageFormat::Png)?,
        Media::Jpeg => still(ImageFormat::Jpeg)?,
        Media::WebP => still(ImageFormat::WebP)?,
        Media::Gif => still(ImageFormat::Gif)?,
        Media::Bmp => still(ImageFormat::Bmp)?,
        Media::Heic => (heic::decode(bytes, desk)?, None),
        Media::Tiff => return read_tiff(bytes, desk),
        Media::Pdf | Media::Mail | Media::Html | Media::Text => return Err(Refusal::broken("it is not an image")),
    };
    let mut document = Document::default();
    document.complaints.extend(complaint);
    document.picture = fingerprint::of(&picture);
    let page = read_picture(picture, desk, &mut document.complaints)?;
    document.pages.push(page);
    Ok(document)
}

fn decoder_limits() -> image::Limits {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(limits::SIDE_MAX);
    limits.max_image_height = Some(limits::SIDE_MAX);
    limits.max_alloc = Some(limits::DECODER_BYTES_MAX);
    limits
}

fn refusal(error: &ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => too_many_pixels(),
        ImageError::Unsupported(what) => Refusal::new(
            RefusalReason::Unsupported,
            format!("the image uses a variant that is not read ({what}); ask for a PNG or JPEG"),
        ),
        _ => Refusal::broken("the image is broken or cut off; ask for it again"),
    }
}

fn too_many_pixels() -> Refusal {
    let most = limits::PIXELS_MAX / 1_000_000;
    Refusal::new(
        RefusalReason::OverLimit,
        format!(
            "the image has more than {most} million pixels, or a side of more than {}; ask for a smaller one",
            limits::SIDE_MAX
        ),
    )
}

/// Decodes one picture, upright by its EXIF orientation, on white where it is transparent, brought down to working size.
fn decode_still(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, Refusal> {
    let (mut picture, orientation) = decode(bytes, format)?;
    picture.apply_orientation(orientation);
    Ok(on_white(picture))
}

/// The same, the way its pixels are stored.
pub(super) fn decode_as_stored(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, Refusal> {
    decode(bytes, format).map(|(picture, _)| on_white(picture))
}

/// Says where a file holds further pictures that nobody looked at.
fn further_pictures(bytes: &[u8], format: ImageFormat) -> Option<String> {
    let is_several = match format {
        ImageFormat::Png => {
            image::codecs::png::PngDecoder::new(Cursor::new(bytes)).and_then(|decoder| decoder.is_apng()).unwrap_or(false)
        }
        ImageFormat::WebP => {
            image::codecs::webp::WebPDecoder::new(Cursor::new(bytes)).is_ok_and(|decoder| decoder.has_animation())
        }
        ImageFormat::Gif => {
            let mut decoder = image::codecs::gif::GifDecoder::new(Cursor::new(bytes)).ok()?;
            decoder.set_limits(decoder_limits()).ok()?;
            decoder.into_frames().take(2).filter(Result::is_ok).count() > 1
        }
        _ => false,
    };
    is_several.then(|| "The file holds several pictures; only the first was read.".to_owned())
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), Refusal> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(decoder_limits());
    let mut decoder = reader.into_decoder().map_err(|e| refusal(&e))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits::PIXELS_MAX || decoder.total_bytes() > limits::DECODER_BYTES_MAX {
        return Err(too_many_pixels());
    }
    if width == 0 || height == 0 {
        return Err(Refusal::broken("the image has no pixels; ask for it again"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| refusal(&e))?;
    Ok((working_size(picture), orientation))
}

fn working_size(picture: DynamicImage) -> DynamicImage {
    let pixels = u64::from(picture.width()) * u64::from(picture.height());
    if pixels <= WORK_PIXELS {
        return picture;
    }
    let scale = (WORK_PIXELS as f64 / pixels as f64).sqrt();
    let sized = |side: u32| ((f64::from(side) * scale) as u32).max(1);
    picture.thumbnail_exact(sized(picture.width()), sized(picture.height()))
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha = picture.into_rgba8();
    RgbImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [r, g, b, a] = with_alpha.get_pixel(x, y).0;
        let over = |value: u8| {
            let mixed = (u32::from(value) * u32::from(a) + 255 * (255 - u32::from(a))) / 255;
            u8::try_from(mixed).unwrap_or(255)
        };
        Rgb([over(r), over(g), over(b)])
    })
}

fn read_tiff(bytes: &[u8], desk: &mut Desk) -> Result<Document, Refusal> {
    let mut document = Document::default();
    let mut bounds = tiff::decoder::Limits::default();
    let most = usize::try_from(limits::DECODER_BYTES_MAX / 2).unwrap_or(usize::MAX);
    (bounds.decoding_buffer_size, bounds.intermediate_buffer_size, bounds.ifd_value_size) = (most, most, 1024 * 1024);
    let broken = || Refusal::broken("the TIFF is broken or of a variant that is not read; ask for it as a PDF or PNG");
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(bytes)).map_err(|_| broken())?.with_limits(bounds);
    loop {
        if desk.pages_left == 0 || desk.time_left().is_zero() {
            document.complaints.push(format!("Only the first {} pages were read.", document.pages.len()));
            break;
        }
        desk.pages_left -= 1;
        match tiff_page(&mut decoder) {
            Ok(picture) => {
                document.picture = document.picture.or_else(|| fingerprint::of(&picture));
                let page = read_picture(picture, desk, &mut document.complaints)?;
                document.pages.push(page);
            }
            Err(refusal) if document.pages.is_empty() => return Err(refusal),
            Err(refusal) => {
                document.complaints.push(format!("Page {} was not read: {refusal}.", document.pages.len() + 1));
                break;
            }
        }
        if !decoder.more_images() {
            break;
        }
        if decoder.next_image().is_err() {
            document.complaints.push(format!("The pages after page {} could not be read.", document.pages.len()));
            break;
        }
    }
    Ok(document)
}

fn tiff_page<R: std::io::Read + std::io::Seek>(decoder: &mut tiff::decoder::Decoder<R>) -> Result<RgbImage, Refusal> {
    use tiff::ColorType;
    use tiff::decoder::DecodingResult;
    let broken = || Refusal::broken("the TIFF is broken or of a variant that is not read; ask for it as a PDF or PNG");
    let (width, height) = decoder.dimensions().map_err(|_| broken())?;
    if u64::from(width) * u64::from(height) > limits::PIXELS_MAX / 2 || width > limits::SIDE_MAX || height > limits::SIDE_MAX {
        return Err(too_many_pixels());
    }
    let colour = decoder.colortype().map_err(|_| broken())?;
    let DecodingResult::U8(samples) = decoder.read_image().map_err(|_| broken())? else { return Err(broken()) };
    let gray = |samples: Vec<u8>| GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8);
    let picture = match colour {
        ColorType::Gray(8) => gray(samples),
        ColorType::Gray(bits @ (1 | 2 | 4)) => gray(unpack(&samples, width, height, u32::from(bits))),
        ColorType::RGB(8) => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        ColorType::RGBA(8) => image::RgbaImage::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
        ColorType::GrayA(8) => image::GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
        ColorType::CMYK(8) => {
            let pixels = samples.chunks_exact(4).flat_map(|p| {
                let key = 255 - u32::from(p.get(3).copied().unwrap_or(0));
                let mix = move |c: u8| u8::try_from((255 - u32::from(c)) * key / 255).unwrap_or(255);
                p.iter().take(3).map(move |c| mix(*c)).collect::<Vec<u8>>()
            });
            RgbImage::from_raw(width, height, pixels.collect()).map(DynamicImage::ImageRgb8)
        }
        _ => None,
    };
    picture.map(|picture| on_white(working_size(picture))).ok_or_else(broken)
}

/// Rows of packed samples, each row on a byte border, spread to one byte a pixel.
fn unpack(samples: &[u8], width: u32, height: u32, bits: u32) -> Vec<u8> {
    let stride = (width * bits).div_ceil(8) as usize;
    let top = (1u32 << bits) - 1;
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for row in 0..height as usize {
        let line = samples.get(row * stride..).unwrap_or_default();
        for x in 0..width {
            let bit = x * bits;
            let byte = line.get((bit / 8) as usize).copied().unwrap_or(0);
            let value = (u32::from(byte) >> (8 - bits - bit % 8)) & top;
            pixels.push(u8::try_from(value * 255 / top).unwrap_or(255));
        }
    }
    pixels
}

/// Reads the letters of a picture. Places are fractions of the picture as handed in, whichever way it had to be turned to be read.
pub(super) fn read_picture(picture: RgbImage, desk: &mut Desk, complaints: &mut Vec<String>) -> Result<Page, Refusal> {
    let (width, height) = picture.dimensions();
    if width < SIDE_MIN || height < SIDE_MIN {
        return Ok(Page { width: width as f32, height: height as f32, lines: vec![] });
    }
    let spare_time = desk.time_left().as_millis() > 3_500;
    let hurried = desk.is_hurried();
    let ocr = desk.ocr(complaints)?;
    let mut page = read_upright(&picture, ocr, &hurried);
    if hurried() {
        complaints.push(
            "The picture was looked at once only, because the machine was busy; bring it again to have it read better."
                .to_owned(),
        );
    }
    if sure_letters(&page) < UPRIGHT_LETTERS && spare_time && !hurried() {
        let gray = imageops::grayscale(&picture);
        let scale = 1_100.0 / width.max(height) as f32;
        let small = if scale < 1.0 { resized(&gray, scale) } else { gray };
        let turned = |quarters: u32| match quarters {
            1 => imageops::rotate90(&small),
            2 => imageops::rotate180(&small),
            _ => imageops::rotate270(&small),
        };
        let tried = (1..=3).map(|q| (q, letters_of(&ocr.words(&turned(q), Layout::Page))));
        let best = tried.max_by_key(|(_, letters)| *letters);
        if let Some((quarters, letters)) = best
            && letters >= UPRIGHT_LETTERS
            && letters > 2 * sure_letters(&page)
        {
            let upright = match quarters {
                1 => imageops::rotate90(&picture),
                2 => imageops::rotate180(&picture),
                _ => imageops::rotate270(&picture),
            };
            page = turn_back(read_upright(&upright, ocr, &hurried), quarters, width as f32, height as f32);
            complaints.push(format!("The picture was turned by {} degrees to be read.", quarters * 90));
        }
    }
    cut_off(&mut page);
    zero::mend_ibans(&mut page);
    Ok(page)
}

/// Letters that touch the side of a picture may go on beyond it: what is left of a number is another number. They are seen, and are not
/// legible.
fn cut_off(page: &mut Page) {
    let width = page.width;
    for word in page.lines.iter_mut().flatten().filter(|w| w.at.x0 < 1.0 || w.at.x1 > width - 1.0) {
        word.confidence = word.confidence.min(vote::ILLEGIBLE);
    }
}

fn letters_of(words: &[Seen]) -> usize {
    let sure = words.iter().filter(|w| w.confidence >= 65.0).map(|w| w.text.chars().filter(|c| c.is_alphanumeric()).count());
    sure.filter(|count| *count >= 3).sum()
}

fn sure_letters(page: &Page) -> usize {
    page.lines.iter().map(|line| letters_of(line)).sum()
}

/// Places of a page that was turned clockwise by quarters, on the page as it was.
fn turn_back(mut page: Page, quarters: u32, width: f32, height: f32) -> Page {
    for word in page.lines.iter_mut().flatten() {
        let r = word.at;
        word.at = match quarters {
            1 => Rect { x0: r.y0, x1: r.y1, y0: height - r.x1, y1: height - r.x0 },
            2 => Rect { x0: width - r.x1, x1: width - r.x0, y0: height - r.y1, y1: height - r.y0 },
            _ => Rect { x0: width - r.y1, x1: width - r.y0, y0: r.x0, y1: r.x1 },
        };
    }
    (page.width, page.height) = (width, height);
    page
}

fn read_upright(picture: &RgbImage, ocr: &mut Ocr, hurried: &dyn Fn() -> bool) -> Page {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let mut lines = relay::find(picture);
    let mut scale = 1.0;
    let mut smaller = None;
    if let Some(high) = lines.as_ref().and_then(|l| l.letter_height).filter(|h| *h > LETTER_HIGH) {
        scale = 26.0 / high as f32;
        let reduced =
            imageops::thumbnail(picture, ((width * scale) as u32).max(SIDE_MIN), ((height * scale) as u32).max(SIDE_MIN));
        lines = relay::find(&reduced);
        smaller = Some(reduced);
    }
    let mut tilt = None;
    let upright = smaller.as_ref().unwrap_or(picture);
    if let Some(found) = lines.as_ref().and_then(|lines| Tilt::of(&lines.falls(), upright.dimensions())) {
        let level = found.level(upright);
        let again = relay::find(&level);
        if again.is_some() {
            (tilt, lines, smaller) = (Some(found), again, Some(level));
        }
    }
    let work = smaller.as_ref().unwrap_or(picture);
    let words = both_passes(work, lines.as_ref(), ocr, hurried);
    let mut page = Page::of_words(work.width() as f32, work.height() as f32, words);
    // Lines are lines on the level picture; places are places on the picture as it came.
    for word in page.lines.iter_mut().flatten() {
        let at = tilt.map_or(word.at, |tilt| tilt.place(word.at));
        word.at = Rect {
            x0: (at.x0 / scale).clamp(0.0, width),
            y0: (at.y0 / scale).clamp(0.0, height),
            x1: (at.x1 / scale).clamp(0.0, width),
            y1: (at.y1 / scale).clamp(0.0, height),
        };
    }
    (page.width, page.height) = (width, height);
    page
}

fn both_passes(picture: &RgbImage, lines: Option<&relay::Lines>, ocr: &mut Ocr, hurried: &dyn Fn() -> bool) -> Vec<Seen> {
    let level = imageops::grayscale(picture);
    let low = lines.and_then(|l| l.letter_height).is_some_and(|h| h < LETTER_LOW);
    let scale = if low && level.width() * level.height() < 1_500_000 { 2.0 } else { 1.0 };
    let mut page = if scale > 1.0 { ocr.words(&resized(&level, scale), Layout::Page) } else { ocr.words(&level, Layout::Page) };
    for word in &mut page {
        let r = &mut word.at;
        (r.x0, r.y0, r.x1, r.y1) = (r.x0 / scale, r.y0 / scale, r.x1 / scale, r.y1 / scale);
    }
    let mut set_again = lines.filter(|_| !hurried()).map(|l| l.read(ocr)).unwrap_or_default();
    rupee::restore(&level, &mut page);
    rupee::restore(&level, &mut set_again);
    let (mut words, contested) = if set_again.is_empty() {
        (page, vec![])
    } else {
        let large = lines.filter(|_| !hurried()).map(|l| l.large()).unwrap_or_default();
        let headlines = headline::settle(&large, &mut page, &mut set_again, |at| third_look(&level, at, ocr));
        let (mut words, contested) = vote::reconcile(page, set_again);
        words.extend(headlines);
        (words, contested)
    };
    let doubts = vote::doubts(&words, contested);
    for doubt in doubts.iter().take(THIRD_LOOKS).take_while(|_| !hurried()) {
        if let Some(word) = words.get_mut(doubt.word) {
            vote::settle(word, doubt, &third_look(&level, word.at, ocr));
        }
    }
    let mut words = vote::without_noise(words);
    zero::tell_apart(&level, &mut words);
    words
}

/// Numbers of one picture that are looked at a third time: a few hundredths of a second each.
const THIRD_LOOKS: usize = 12;

/// One word by itself, dark on light and of the height that tesseract reads best.
fn third_look(level: &GrayImage, at: Rect, ocr: &mut Ocr) -> String {
    // Narrower than the space to the next word.
    let (beside, over) = ((at.height() * 0.12).max(2.0), (at.height() * 0.3).max(3.0));
    let (x, y) = ((at.x0 - beside).max(0.0) as u32, (at.y0 - over).max(0.0) as u32);
    let right = ((at.x1 + beside) as u32).min(level.width());
    let bottom = ((at.y1 + over) as u32).min(level.height());
    if right <= x + 3 || bottom <= y + 3 {
        return String::new();
    }
    let mut part = imageops::crop_imm(level, x, y, right - x, bottom - y).to_image();
    let sum: u64 = part.pixels().map(|p| u64::from(p.0[0])).sum();
    if sum / u64::from(part.width() * part.height()).max(1) < 128 {
        imageops::invert(&mut part);
    }
    let scale = (56.0 / part.height() as f32).clamp(0.2, 4.0);
    ocr.words(&resized(&part, scale), Layout::Line).iter().map(|w| w.text.as_str()).collect()
}

fn resized(gray: &GrayImage, scale: f32) -> GrayImage {
    let sized = |side: u32| ((side as f32 * scale) as u32).max(1);
    let filter = if scale < 1.0 { imageops::FilterType::Triangle } else { imageops::FilterType::CatmullRom };
    imageops::resize(gray, sized(gray.width()), sized(gray.height()), filter)
}
