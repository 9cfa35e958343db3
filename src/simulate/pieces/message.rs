//! Mails of a design's lines.

use std::fmt::Write as _;

use super::design::Line;
use super::values::Filled;
use crate::demo::mails::Mail;
use crate::demo::text::{escape, wrap};

/// The mail, with a plain body and, where asked for, an HTML one beside it.
pub(super) fn mail(lines: &[Line], filled: &Filled, html: bool) -> Vec<u8> {
    let subject = lines.iter().find_map(|l| if let Line::Subject(text) = l { Some(text.as_str()) } else { None });
    let address = format!(
        "accounts@{}.example",
        filled.payer.chars().filter(char::is_ascii_alphabetic).take(12).collect::<String>().to_lowercase()
    );
    let mail = Mail {
        from_name: &filled.payer,
        from: &address,
        to: "Receivables <receivables@brightwater.example>",
        subject: subject.unwrap_or("Message"),
        on: filled.date,
        time: filled.time,
        text: plain(lines),
        html: html.then(|| rich(lines)),
        attachment: None,
    };
    mail.write(&format!("{}.{}", filled.invoice.replace('/', "."), filled.reference.len()))
}

fn plain(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        match line {
            Line::Subject(_) | Line::Rule | Line::PerInvoice(_) => {}
            Line::Headline(t) | Line::Large(t) | Line::Bold(t) | Line::Small(t) => {
                let _ = writeln!(out, "{t}\n");
            }
            Line::Paragraph(t) => {
                let _ = writeln!(out, "{}\n", wrap(t, 72).join("\n"));
            }
            Line::Pair(a, b) => {
                let _ = writeln!(out, "{a}: {b}");
            }
            Line::Total(a, b) => {
                let _ = writeln!(out, "{a:<22}{b:>16}\n");
            }
            Line::Head(cells) | Line::Row(cells) => {
                let row: String = cells.iter().map(|c| format!("{c:<22}")).collect();
                let _ = writeln!(out, "{}", row.trim_end());
            }
        }
    }
    out
}

fn rich(lines: &[Line]) -> String {
    let mut out = String::from("<html><body style=\"font-family:sans-serif\">");
    let mut in_table = false;
    for line in lines {
        let is_row = matches!(line, Line::Head(_) | Line::Row(_) | Line::Total(..));
        if is_row != in_table {
            out.push_str(if is_row { "<table border=\"1\" cellpadding=\"4\">" } else { "</table>" });
            in_table = is_row;
        }
        let cells = |cells: &[&str], tag: &str| -> String {
            cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escape(c))).collect::<String>()
        };
        match line {
            Line::Subject(_) | Line::Rule | Line::PerInvoice(_) => {}
            Line::Headline(t) => out.push_str(&format!("<h2>{}</h2>", escape(t))),
            Line::Large(t) | Line::Bold(t) => out.push_str(&format!("<p><b>{}</b></p>", escape(t))),
            Line::Small(t) | Line::Paragraph(t) => out.push_str(&format!("<p>{}</p>", escape(t))),
            Line::Pair(a, b) => out.push_str(&format!("<p>{}: {}</p>", escape(a), escape(b))),
            Line::Head(c) => {
                out.push_str(&format!("<tr>{}</tr>", cells(&c.iter().map(String::as_str).collect::<Vec<_>>(), "th")))
            }
            Line::Row(c) => out.push_str(&format!("<tr>{}</tr>", cells(&c.iter().map(String::as_str).collect::<Vec<_>>(), "td"))),
            Line::Total(a, b) => out.push_str(&format!("<tr>{}</tr>", cells(&[a, b], "td"))),
        }
    }
    if in_table {
        out.push_str("</table>");
    }
    out.push_str("</body></html>");
    out
}
