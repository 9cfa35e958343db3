//! Printed pages and till slips, and what scanners and telephones make of them.

use std::fmt::Write as _;

use image::RgbImage;

use super::PieceError;
use super::design::{Capture, Line};
use super::spoil::{self, Spoil};
use super::values::Filled;
use crate::demo::chance::Chance;
use crate::demo::draw::{grey, jpeg};
use crate::demo::page::{Align, GREY, INK, Page, WIDTH, picture_pdf};
use crate::demo::text::{escape, wrap};

/// A page of A4.
pub(super) fn page(lines: &[Line]) -> Page {
    let mut page = Page::default();
    let mut y = 84.0;
    let columns = |count: usize, column: usize| -> f32 {
        if count <= 1 { 64.0 } else { 64.0 + (WIDTH - 128.0) * column as f32 / (count - 1).max(1) as f32 }
    };
    for line in lines {
        match line {
            Line::Headline(text) => {
                page.bold(64.0, y, 20.0, text);
                y += 34.0;
            }
            Line::Large(text) => {
                page.bold(64.0, y + 4.0, 22.0, text);
                y += 38.0;
            }
            Line::Bold(text) => {
                page.bold(64.0, y, 12.0, text);
                y += 24.0;
            }
            Line::Small(text) => {
                page.styled((64.0, y), 8.5, false, Align::Left, GREY, text);
                y += 18.0;
            }
            Line::Paragraph(text) | Line::Subject(text) => {
                for part in wrap(text, 88) {
                    page.text(64.0, y, 10.5, &part);
                    y += 15.0;
                }
                y += 12.0;
            }
            Line::Pair(label, value) => {
                page.pair(y, label, value);
                y += 24.0;
            }
            Line::Rule => {
                page.rule(64.0, y, WIDTH - 64.0);
                y += 16.0;
            }
            Line::Head(cells) | Line::Row(cells) => {
                let head = matches!(line, Line::Head(_));
                for (i, cell) in cells.iter().enumerate() {
                    let align = if i > 0 && i + 1 == cells.len() { Align::Right } else { Align::Left };
                    let x = if i > 0 && i + 1 == cells.len() { WIDTH - 64.0 } else { columns(cells.len(), i) };
                    page.styled((x, y), 10.0, head, align, if head { GREY } else { INK }, cell);
                }
                y += 10.0;
                page.rule(64.0, y - 4.0, WIDTH - 64.0);
                y += 12.0;
            }
            Line::Total(label, value) => {
                page.styled((330.0, y + 4.0), 11.0, true, Align::Left, INK, label);
                page.styled((WIDTH - 64.0, y + 4.0), 11.0, true, Align::Right, INK, value);
                y += 22.0;
            }
            Line::PerInvoice(_) => {}
        }
    }
    page
}

/// A slip of a till or a bank counter: narrow paper, letters of one width.
pub(super) fn slip_svg(lines: &[Line]) -> String {
    let mut body = String::new();
    let mut y = 70;
    let text = |body: &mut String, x: i32, y: i32, size: i32, weight: i32, anchor: &str, text: &str| {
        let _ = write!(
            body,
            "<text x=\"{x}\" y=\"{y}\" font-family=\"Liberation Mono\" font-size=\"{size}\" font-weight=\"{weight}\" \
             text-anchor=\"{anchor}\" fill=\"#26262a\">{}</text>",
            escape(text)
        );
    };
    for line in lines {
        match line {
            Line::Headline(words) | Line::Bold(words) => {
                for part in wrap(words, 26) {
                    text(&mut body, 300, y, 30, 700, "middle", &part);
                    y += 40;
                }
            }
            Line::Large(words) => {
                text(&mut body, 300, y + 16, if words.chars().count() > 18 { 34 } else { 42 }, 700, "middle", words);
                y += 68;
            }
            Line::Small(words) | Line::Paragraph(words) | Line::Subject(words) => {
                for part in wrap(words, 34) {
                    text(&mut body, 300, y, 24, 400, "middle", &part);
                    y += 32;
                }
            }
            Line::Pair(label, value) | Line::Total(label, value) => {
                let parts = wrap(value, 21);
                let alone = label.chars().count() + value.chars().count() > 36;
                text(&mut body, 34, y, 24, 400, "start", label);
                if alone {
                    y += 32;
                }
                for part in &parts {
                    text(&mut body, 566, y, 24, 400, "end", part);
                    y += 34;
                }
            }
            Line::Rule | Line::Head(_) | Line::Row(_) | Line::PerInvoice(_) => y += 20,
        }
    }
    let height = y + 60;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"{height}\" viewBox=\"0 0 600 {height}\">\
         <rect width=\"600\" height=\"{height}\" fill=\"#fbfaf6\"/>{body}</svg>"
    )
}

/// The picture of a paper as it was scanned or photographed.
pub(super) fn captured(
    picture: RgbImage,
    capture: Capture,
    spoil: &Spoil,
    filled: &Filled,
    chance: &mut Chance,
) -> Result<(Vec<u8>, &'static str), PieceError> {
    match capture {
        Capture::Photo => spoil::picture(picture, spoil, chance),
        Capture::Pdf | Capture::Scan => {
            let picture = grey(spoil::spoilt(picture, spoil, chance));
            let size = picture.dimensions();
            let bytes = jpeg(&picture, spoil.jpeg.unwrap_or(60))?;
            Ok((picture_pdf(&bytes, size, "Kopira MFP 3120 Scan", filled.pdf_day()), "pdf"))
        }
    }
}
