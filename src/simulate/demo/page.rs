//! A printed page: text, rules and boxes at places, written as a PDF with a text layer or drawn as a picture to be scanned.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Date as PdfDate, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use super::DemoError;
use super::draw::{SANS, SANS_BOLD};
use super::text::escape;

/// A4 in points.
pub(crate) const WIDTH: f32 = 595.0;
/// A4 in points.
pub(crate) const HEIGHT: f32 = 842.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    Centre,
}

#[derive(Debug, Clone)]
enum Item {
    Text { x: f32, y: f32, size: f32, bold: bool, align: Align, colour: [u8; 3], text: String },
    Rule { x: f32, y: f32, to_x: f32, width: f32, colour: [u8; 3] },
    Fill { x: f32, y: f32, width: f32, height: f32, colour: [u8; 3] },
}

/// A page under construction. Coordinates are points from the top left corner; `y` of a text is its base line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    items: Vec<Item>,
}

/// Nearly black.
pub(crate) const INK: [u8; 3] = [28, 30, 36];
/// For labels.
pub(crate) const GREY: [u8; 3] = [104, 110, 120];
const LINE: [u8; 3] = [200, 204, 210];

impl Page {
    pub(crate) fn styled(&mut self, place: (f32, f32), size: f32, bold: bool, align: Align, colour: [u8; 3], text: &str) {
        let (x, y) = place;
        self.items.push(Item::Text { x, y, size, bold, align, colour, text: text.to_owned() });
    }

    pub(crate) fn text(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.styled((x, y), size, false, Align::Left, INK, text);
    }

    pub(crate) fn bold(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.styled((x, y), size, true, Align::Left, INK, text);
    }

    pub(crate) fn right(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.styled((x, y), size, false, Align::Right, INK, text);
    }

    pub(crate) fn rule(&mut self, x: f32, y: f32, to_x: f32) {
        self.items.push(Item::Rule { x, y, to_x, width: 0.7, colour: LINE });
    }

    pub(crate) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: [u8; 3]) {
        self.items.push(Item::Fill { x, y, width, height, colour });
    }

    /// A label in grey and its value beside it.
    pub(crate) fn pair(&mut self, y: f32, label: &str, value: &str) {
        self.styled((64.0, y), 10.0, false, Align::Left, GREY, label);
        self.text(250.0, y, 10.5, value);
    }

    /// As a picture, 595 × 842 units.
    pub(crate) fn to_svg(&self) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fdfdfb\"/>"
        );
        let rgb = |c: &[u8; 3]| format!("rgb({},{},{})", c[0], c[1], c[2]);
        for item in &self.items {
            let _ = match item {
                Item::Text { x, y, size, bold, align, colour, text } => {
                    let anchor = match align {
                        Align::Left => "start",
                        Align::Right => "end",
                        Align::Centre => "middle",
                    };
                    let weight = if *bold { 700 } else { 400 };
                    write!(
                        svg,
                        "<text x=\"{x}\" y=\"{y}\" font-family=\"Liberation Sans\" font-size=\"{size}\" font-weight=\"{weight}\" \
                         text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
                        rgb(colour),
                        escape(text)
                    )
                }
                Item::Rule { x, y, to_x, width, colour } => {
                    write!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{width}\" fill=\"{}\"/>", to_x - x, rgb(colour))
                }
                Item::Fill { x, y, width, height, colour } => {
                    write!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>", rgb(colour))
                }
            };
        }
        svg.push_str("</svg>");
        svg
    }

    /// As a PDF with embedded fonts and a text layer. `date` is year, month, day of the document's making.
    pub(crate) fn to_pdf(&self, title: &str, producer: &str, date: (u16, u8, u8)) -> Result<Vec<u8>, DemoError> {
        let mut fonts =
            [Face::new(SANS, b"F1", "QUITTA+LiberationSans")?, Face::new(SANS_BOLD, b"F2", "QUITTB+LiberationSans-Bold")?];
        let content = self.content(&mut fonts);
        let (catalog, tree, page_id, content_id, info) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.pages(tree).kids([page_id]).count(1);
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content_id);
        let mut resources = page.resources();
        let mut font_names = resources.fonts();
        for (i, face) in fonts.iter().enumerate() {
            font_names.pair(Name(face.name), Ref::new(10 + i as i32 * 10));
        }
        font_names.finish();
        resources.finish();
        page.finish();
        let packed = deflate(&content);
        pdf.stream(content_id, &packed).filter(Filter::FlateDecode);
        for (i, face) in fonts.iter().enumerate() {
            face.write(&mut pdf, 10 + i as i32 * 10)?;
        }
        let (year, month, day) = date;
        let made = PdfDate::new(year).month(month).day(day).hour(9).minute(30);
        pdf.document_info(info).title(TextStr(title)).producer(TextStr(producer)).creation_date(made);
        Ok(pdf.finish())
    }

    fn content(&self, fonts: &mut [Face; 2]) -> Vec<u8> {
        let mut content = Content::new();
        let unit = |c: u8| f32::from(c) / 255.0;
        for item in &self.items {
            match item {
                Item::Text { x, y, size, bold, align, colour, text } => {
                    let face = &mut fonts[usize::from(*bold)];
                    let (codes, width) = face.encode(text, *size);
                    let left = match align {
                        Align::Left => *x,
                        Align::Right => x - width,
                        Align::Centre => x - width / 2.0,
                    };
                    content.begin_text();
                    content.set_fill_rgb(unit(colour[0]), unit(colour[1]), unit(colour[2]));
                    content.set_font(Name(face.name), *size);
                    content.next_line(left, HEIGHT - y);
                    content.show(Str(&codes));
                    content.end_text();
                }
                Item::Rule { x, y, to_x, width, colour } => {
                    content.set_fill_rgb(unit(colour[0]), unit(colour[1]), unit(colour[2]));
                    content.rect(*x, HEIGHT - y, to_x - x, *width);
                    content.fill_nonzero();
                }
                Item::Fill { x, y, width, height, colour } => {
                    content.set_fill_rgb(unit(colour[0]), unit(colour[1]), unit(colour[2]));
                    content.rect(*x, HEIGHT - y - height, *width, *height);
                    content.fill_nonzero();
                }
            }
        }
        content.finish().into_vec()
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

/// A font and the glyphs a document uses of it.
struct Face {
    data: &'static [u8],
    parsed: ttf_parser::Face<'static>,
    name: &'static [u8],
    base: &'static str,
    remapper: GlyphRemapper,
    /// New glyph id → character and advance in thousandths of the size.
    used: BTreeMap<u16, (char, f32)>,
}

impl Face {
    fn new(data: &'static [u8], name: &'static [u8], base: &'static str) -> Result<Self, DemoError> {
        let parsed = ttf_parser::Face::parse(data, 0).map_err(|e| DemoError::Drawing(e.to_string()))?;
        Ok(Self { data, parsed, name, base, remapper: GlyphRemapper::new(), used: BTreeMap::new() })
    }

    fn thousandths(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.parsed.units_per_em())
    }

    /// Two-byte codes of the glyphs, and the width of the text in points.
    fn encode(&mut self, text: &str, size: f32) -> (Vec<u8>, f32) {
        let mut codes = Vec::new();
        let mut width = 0.0;
        for c in text.chars() {
            let old = self.parsed.glyph_index(c).unwrap_or_default();
            let advance = self.thousandths(f32::from(self.parsed.glyph_hor_advance(old).unwrap_or_default()));
            let new = self.remapper.remap(old.0);
            self.used.insert(new, (c, advance));
            codes.extend(new.to_be_bytes());
            width += advance * size / 1000.0;
        }
        (codes, width)
    }

    fn write(&self, pdf: &mut Pdf, first: i32) -> Result<(), DemoError> {
        let [type0, cid, descriptor, cmap, file] = [0, 1, 2, 3, 4].map(|i| Ref::new(first + i));
        let system_info = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
        let base = Name(self.base.as_bytes());
        pdf.type0_font(type0).base_font(base).encoding_predefined(Name(b"Identity-H")).descendant_font(cid).to_unicode(cmap);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2).base_font(base).system_info(system_info).font_descriptor(descriptor);
        font.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = font.widths();
        for (&glyph, &(_, advance)) in &self.used {
            widths.consecutive(glyph, [advance]);
        }
        widths.finish();
        font.finish();
        let bounds = self.parsed.global_bounding_box();
        let [left, bottom, right, top] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|v| self.thousandths(f32::from(v)));
        pdf.font_descriptor(descriptor)
            .name(base)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(self.thousandths(f32::from(self.parsed.ascender())))
            .descent(self.thousandths(f32::from(self.parsed.descender())))
            .cap_height(self.thousandths(f32::from(self.parsed.capital_height().unwrap_or(1409))))
            .stem_v(80.0)
            .font_file2(file);
        let mut unicode = UnicodeCmap::new(Name(b"Custom"), system_info);
        for (&glyph, &(c, _)) in &self.used {
            unicode.pair(glyph, c);
        }
        pdf.cmap(cmap, &unicode.finish());
        let subset = subsetter::subset(self.data, 0, &self.remapper).map_err(|e| DemoError::Drawing(e.to_string()))?;
        let packed = deflate(&subset);
        let mut stream = pdf.stream(file, &packed);
        stream.filter(Filter::FlateDecode).pair(Name(b"Length1"), subset.len() as i32);
        stream.finish();
        Ok(())
    }
}

/// A PDF that is nothing but a picture, as scanners write it: no text layer.
pub(crate) fn picture_pdf(jpeg: &[u8], (width, height): (u32, u32), producer: &str, date: (u16, u8, u8)) -> Vec<u8> {
    let [catalog, tree, page_id, content_id, image_id, info] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids([page_id]).count(1);
    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content_id);
    page.resources().x_objects().pair(Name(b"Im0"), image_id);
    page.finish();
    let mut image = pdf.image_xobject(image_id, jpeg);
    image.filter(Filter::DctDecode);
    image.width(width as i32).height(height as i32).bits_per_component(8);
    image.color_space().device_rgb();
    image.finish();
    let mut content = Content::new();
    content.save_state().transform([WIDTH, 0.0, 0.0, HEIGHT, 0.0, 0.0]).x_object(Name(b"Im0")).restore_state();
    pdf.stream(content_id, &content.finish());
    let (year, month, day) = date;
    pdf.document_info(info).producer(TextStr(producer)).creation_date(PdfDate::new(year).month(month).day(day));
    pdf.finish()
}
