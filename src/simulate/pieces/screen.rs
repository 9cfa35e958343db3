//! Pictures of telephone screens, drawn from a design's lines.

use std::fmt::Write as _;

use super::design::{Design, Layout, Line, Look};
use super::values::Filled;
use crate::demo::text::{clock24, escape, wrap};

const WIDTH: i32 = 1080;

struct Palette {
    ground: &'static str,
    card: &'static str,
    ink: &'static str,
    soft: &'static str,
    line: &'static str,
    head: &'static str,
    on_head: &'static str,
    accent: &'static str,
}

fn palette(look: Look, turn: u64) -> Palette {
    let (head, accent) = match turn % 4 {
        0 => ("#0b4f6c", "#f2762e"),
        1 => ("#1b7f4c", "#2f80ed"),
        2 => ("#8a1538", "#d39e00"),
        _ => ("#3730a3", "#0ea5a4"),
    };
    match look {
        Look::Light => Palette {
            ground: "#f3f5f8",
            card: "#ffffff",
            ink: "#1c2431",
            soft: "#6b7585",
            line: "#e3e7ec",
            head,
            on_head: "#ffffff",
            accent,
        },
        Look::Dark => Palette {
            ground: "#0f141b",
            card: "#1a212b",
            ink: "#f3f5f8",
            soft: "#98a3b3",
            line: "#2b3441",
            head: "#0f141b",
            on_head: "#f3f5f8",
            accent,
        },
        Look::Violet => Palette {
            ground: "#5b1a7a",
            card: "#ffffff",
            ink: "#2b2340",
            soft: "#857d94",
            line: "#e7e1ee",
            head: "#5b1a7a",
            on_head: "#ffffff",
            accent: "#14c9b0",
        },
        Look::Colour => Palette {
            ground: head,
            card: head,
            ink: "#ffffff",
            soft: "#d7e3ea",
            line: "#ffffff44",
            head,
            on_head: "#ffffff",
            accent,
        },
    }
}

struct Canvas {
    body: String,
    face: &'static str,
}

impl Canvas {
    fn text(&mut self, (x, y): (i32, i32), size: i32, weight: i32, anchor: &str, fill: &str, text: &str) {
        let _ = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-family=\"{}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" \
             fill=\"{fill}\">{}</text>",
            self.face,
            escape(text)
        );
    }

    fn box_at(&mut self, (x, y): (i32, i32), (width, height): (i32, i32), round: i32, fill: &str) {
        let _ =
            write!(self.body, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" fill=\"{fill}\"/>");
    }
}

/// What the buttons below say.
fn buttons(language: &str) -> [&'static str; 2] {
    match language {
        "es" => ["Compartir", "Ir al inicio"],
        "de" => ["Teilen", "Fertig"],
        "fr" => ["Partager", "Terminer"],
        "it" => ["Condividi", "Chiudi"],
        "pt" => ["Compartilhar", "Voltar"],
        "nl" => ["Delen", "Klaar"],
        "pl" => ["Udostępnij", "Zamknij"],
        "sv" => ["Dela", "Klar"],
        _ => ["Share", "Done"],
    }
}

/// The screen as SVG, 1,080 units wide.
pub(super) fn svg(design: &Design, layout: Layout, lines: &[Line], filled: &Filled) -> String {
    let turn = design.id.bytes().fold(3_u64, |h, b| h.wrapping_mul(131).wrapping_add(u64::from(b)));
    let palette = palette(design.look, turn);
    let mut canvas = Canvas { body: String::new(), face: if turn % 2 == 0 { "Roboto" } else { "Inter" } };
    canvas.text((60, 62), 34, 500, "start", palette.on_head, &clock24(filled.time));
    canvas.text((WIDTH - 60, 62), 34, 500, "end", palette.on_head, &format!("{}%", 20 + turn % 79));
    let bottom = match layout {
        Layout::Chat => chat(&mut canvas, lines, &palette, filled),
        Layout::Centre | Layout::Stack | Layout::List => card(&mut canvas, lines, &palette, layout),
    };
    let mut y = bottom + 60;
    if layout != Layout::Chat {
        let [share, done] = buttons(design.language);
        canvas.box_at((80, y), (440, 120), 60, palette.accent);
        canvas.text((300, y + 74), 40, 500, "middle", "#ffffff", share);
        canvas.text(
            (780, y + 74),
            40,
            500,
            "middle",
            if design.look == Look::Light { palette.head } else { palette.on_head },
            done,
        );
        y += 180;
    }
    let height = y.max(1_700) + 80;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/><rect width=\"{WIDTH}\" height=\"{}\" fill=\"{}\"/>{}</svg>",
        palette.ground,
        if layout == Layout::Chat { 240 } else { 96 },
        palette.head,
        canvas.body
    )
}

fn chat(canvas: &mut Canvas, lines: &[Line], palette: &Palette, filled: &Filled) -> i32 {
    let mut y = 330;
    for line in lines {
        match line {
            Line::Bold(text) | Line::Headline(text) => canvas.text((150, 180), 46, 700, "start", palette.on_head, text),
            Line::Paragraph(text) | Line::Small(text) => {
                let wrapped = wrap(text, 40);
                let height = 64 * i32::try_from(wrapped.len()).unwrap_or(1) + 110;
                canvas.box_at((50, y), (900, height), 30, palette.card);
                for (i, part) in (1..).zip(&wrapped) {
                    canvas.text((90, y + 20 + 62 * i), 42, 400, "start", palette.ink, part);
                }
                canvas.text((920, y + height - 28), 30, 400, "end", palette.soft, &clock24(filled.time));
                y += height + 40;
            }
            _ => {}
        }
    }
    y
}

fn card(canvas: &mut Canvas, lines: &[Line], palette: &Palette, layout: Layout) -> i32 {
    let centre = layout == Layout::Centre;
    let stacked = layout == Layout::Stack;
    let (anchor, x) = if centre { ("middle", WIDTH / 2) } else { ("start", 110) };
    let mut y = 300;
    let mark = canvas.body.len();
    if centre {
        let _ = write!(
            canvas.body,
            "<circle cx=\"540\" cy=\"250\" r=\"62\" fill=\"{}\"/><path d=\"M514 252 L532 271 L567 231\" stroke=\"#ffffff\" \
             stroke-width=\"11\" fill=\"none\" stroke-linecap=\"round\"/>",
            palette.accent
        );
        y = 430;
    }
    for line in lines {
        match line {
            Line::Headline(text) => {
                for part in wrap(text, 28) {
                    canvas.text((x, y), 58, 700, anchor, palette.ink, &part);
                    y += 74;
                }
                y += 20;
            }
            Line::Large(text) => {
                let size = if text.chars().count() > 16 { 84 } else { 112 };
                canvas.text((x, y + 70), size, 700, anchor, palette.ink, text);
                y += 150;
            }
            Line::Bold(text) => {
                for part in wrap(text, 38) {
                    canvas.text((x, y + 20), 46, 700, anchor, palette.ink, &part);
                    y += 64;
                }
                y += 12;
            }
            Line::Small(text) | Line::Paragraph(text) | Line::Subject(text) => {
                for part in wrap(text, 46) {
                    canvas.text((x, y + 16), 38, 400, anchor, palette.soft, &part);
                    y += 56;
                }
                y += 16;
            }
            Line::Pair(label, value) if stacked => {
                canvas.text((110, y + 34), 36, 400, "start", palette.soft, label);
                y += 84;
                for part in wrap(value, 36) {
                    canvas.text((110, y + 8), 44, 500, "start", palette.ink, &part);
                    y += 58;
                }
                y += 26;
                canvas.box_at((100, y - 30), (880, 2), 0, palette.line);
            }
            Line::Pair(label, value) => {
                let parts = wrap(value, if label.chars().count() > 18 { 20 } else { 27 });
                canvas.text((110, y + 40), 40, 400, "start", palette.soft, label);
                for (i, part) in (0..).zip(&parts) {
                    canvas.text((970, y + 40 + 54 * i), 40, 500, "end", palette.ink, part);
                }
                y += 54 * i32::try_from(parts.len().max(1)).unwrap_or(1) + 50;
                canvas.box_at((100, y - 22), (880, 2), 0, palette.line);
            }
            Line::Rule | Line::PerInvoice(_) => y += 40,
            Line::Head(cells) | Line::Row(cells) => {
                canvas.text((110, y + 40), 40, 400, "start", palette.ink, &cells.join("  "));
                y += 90;
            }
            Line::Total(label, value) => {
                canvas.text((110, y + 40), 44, 700, "start", palette.ink, label);
                canvas.text((970, y + 40), 44, 700, "end", palette.ink, value);
                y += 100;
            }
        }
    }
    // The card lies under the letters.
    let card = format!("<rect x=\"50\" y=\"170\" width=\"980\" height=\"{}\" rx=\"36\" fill=\"{}\"/>", y - 130, palette.card);
    canvas.body.insert_str(mark, &card);
    y
}
