//! The list of designs, parsed.

use std::sync::LazyLock;

use quittance_rules::evidence::EvidenceKind;
use quittance_rules::money::Currency;
use serde::{Deserialize, Serialize};

use super::PieceError;
use super::values::Filled;

/// What may be done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Weights are fitted on it.
    Train,
    /// Rules are tuned on it.
    Dev,
    /// Only measured.
    HeldOut,
}

/// How a screen is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Headline and amount in the middle, rows below.
    Centre,
    /// Labels over their values.
    Stack,
    /// Labels left, values right.
    List,
    /// A message in a bubble.
    Chat,
}

/// How paper reached the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capture {
    /// A PDF with a text layer.
    Pdf,
    /// A scanner's PDF: one picture.
    Scan,
    /// A telephone's photograph.
    Photo,
}

/// What a piece is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Screen(Layout),
    Slip(Capture),
    Paper(Capture),
    Mail { html: bool },
}

impl Medium {
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Screen(_) => "screenshot",
            Self::Slip(Capture::Photo) | Self::Paper(Capture::Photo) => "photo",
            Self::Slip(_) | Self::Paper(Capture::Scan) => "scan",
            Self::Paper(Capture::Pdf) => "pdf",
            Self::Mail { .. } => "mail",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let capture = |text: &str| match text {
            "pdf" => Some(Capture::Pdf),
            "scan" => Some(Capture::Scan),
            "photo" => Some(Capture::Photo),
            _ => None,
        };
        let (kind, how) = text.split_once(':')?;
        match (kind, how) {
            ("screen", "centre") => Some(Self::Screen(Layout::Centre)),
            ("screen", "stack") => Some(Self::Screen(Layout::Stack)),
            ("screen", "list") => Some(Self::Screen(Layout::List)),
            ("screen", "chat") => Some(Self::Screen(Layout::Chat)),
            ("slip", how) => capture(how).map(Self::Slip),
            ("paper", how) => capture(how).map(Self::Paper),
            ("mail", "text") => Some(Self::Mail { html: false }),
            ("mail", "html") => Some(Self::Mail { html: true }),
            _ => None,
        }
    }
}

/// Colours of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Light,
    Dark,
    Violet,
    Colour,
}

/// One line of a design, or of a piece once it is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Headline(String),
    Large(String),
    Bold(String),
    Small(String),
    Pair(String, String),
    Rule,
    Paragraph(String),
    Head(Vec<String>),
    Row(Vec<String>),
    /// Repeated once for each invoice.
    PerInvoice(Vec<String>),
    Total(String, String),
    Subject(String),
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let (mark, rest) = text.split_at_checked(1)?;
        let rest = rest.trim().to_owned();
        let cells = || rest.split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
        let pair = || rest.split_once('|').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
        Some(match mark {
            "!" => Self::Headline(rest),
            "$" => Self::Large(rest),
            "-" => Self::Bold(rest),
            "." => Self::Small(rest),
            "=" => pair().map(|(a, b)| Self::Pair(a, b))?,
            "_" => Self::Rule,
            ">" => Self::Paragraph(rest),
            "#" => Self::Head(cells()),
            "|" => Self::Row(cells()),
            "*" => Self::PerInvoice(cells()),
            "T" => pair().map(|(a, b)| Self::Total(a, b))?,
            "<" => Self::Subject(rest),
            _ => return None,
        })
    }

    fn texts(&self) -> Vec<&String> {
        match self {
            Self::Headline(t) | Self::Large(t) | Self::Bold(t) | Self::Small(t) | Self::Paragraph(t) | Self::Subject(t) => {
                vec![t]
            }
            Self::Pair(a, b) | Self::Total(a, b) => vec![a, b],
            Self::Head(cells) | Self::Row(cells) | Self::PerInvoice(cells) => cells.iter().collect(),
            Self::Rule => vec![],
        }
    }

    fn map(&self, fill: impl Fn(&str) -> String) -> Self {
        let all = |cells: &[String]| cells.iter().map(|c| fill(c)).collect();
        match self {
            Self::Headline(t) => Self::Headline(fill(t)),
            Self::Large(t) => Self::Large(fill(t)),
            Self::Bold(t) => Self::Bold(fill(t)),
            Self::Small(t) => Self::Small(fill(t)),
            Self::Paragraph(t) => Self::Paragraph(fill(t)),
            Self::Subject(t) => Self::Subject(fill(t)),
            Self::Pair(a, b) => Self::Pair(fill(a), fill(b)),
            Self::Total(a, b) => Self::Total(fill(a), fill(b)),
            Self::Head(cells) => Self::Head(all(cells)),
            Self::Row(cells) | Self::PerInvoice(cells) => Self::Row(all(cells)),
            Self::Rule => Self::Rule,
        }
    }

    /// The line as plain text.
    pub(super) fn as_text(&self) -> Vec<String> {
        match self {
            Self::Rule => vec![],
            Self::Paragraph(text) => crate::demo::text::wrap(text, 72),
            other => vec![other.texts().into_iter().cloned().collect::<Vec<_>>().join("    ")],
        }
    }
}

/// A design of a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    /// Unique.
    pub id: String,
    /// What may be done with it.
    pub split: Split,
    /// ISO 639-1.
    pub language: &'static str,
    /// Of its amount.
    pub currency: Currency,
    /// What it is.
    pub kind: EvidenceKind,
    /// For rates by tag.
    pub tags: Vec<String>,
    pub(super) medium: Medium,
    pub(super) look: Look,
    /// An amount as this design writes it.
    pub(super) amount: String,
    /// A date as this design writes it, see `values`.
    pub(super) date: String,
    pub(super) lines: Vec<Line>,
}

impl Design {
    /// A mail: text as typed, not letters in pixels.
    pub fn is_mail(&self) -> bool {
        matches!(self.medium, Medium::Mail { .. })
    }

    /// A placeholder that counts: `{amt}`, not `{amt~}`.
    pub(super) fn prints(&self, what: &str) -> bool {
        let wanted = format!("{{{what}}}");
        self.lines.iter().any(|line| line.texts().iter().any(|text| text.contains(&wanted)))
    }

    pub(super) fn filled(&self, values: &Filled) -> Vec<Line> {
        let mut lines = Vec::new();
        for line in &self.lines {
            match line {
                Line::PerInvoice(_) => {
                    lines.extend((0..values.rows.len()).map(|row| line.map(|text| values.fill(self, text, Some(row)))));
                }
                other => lines.push(other.map(|text| values.fill(self, text, None))),
            }
        }
        lines
    }
}

const LANGUAGES: [&str; 9] = ["en", "es", "de", "fr", "it", "pt", "nl", "pl", "sv"];

/// All designs.
///
/// # Errors
/// The first line that does not parse.
pub fn designs() -> Result<Vec<Design>, PieceError> {
    static DESIGNS: LazyLock<Result<Vec<Design>, (usize, String)>> = LazyLock::new(|| parse(include_str!("templates.txt")));
    DESIGNS.clone().map_err(|(line, message)| PieceError::Design { line, message })
}

fn parse(list: &str) -> Result<Vec<Design>, (usize, String)> {
    let mut designs: Vec<Design> = Vec::new();
    for (number, line) in (1..).zip(list.lines()) {
        let line = line.trim_end();
        if line.is_empty() || (designs.is_empty() && line.starts_with('#')) {
            continue;
        }
        if let Some(head) = line.strip_prefix('@') {
            let design = head_of(head).map_err(|field| (number, format!("the {field} is not known")))?;
            if designs.iter().any(|d| d.id == design.id) {
                return Err((number, format!("`{}` is there twice", design.id)));
            }
            designs.push(design);
        } else {
            let parsed = Line::parse(line).ok_or_else(|| (number, "the line begins with no known mark".to_owned()))?;
            let design = designs.last_mut().ok_or_else(|| (number, "the line stands before the first design".to_owned()))?;
            design.lines.push(parsed);
        }
    }
    Ok(designs)
}

fn head_of(head: &str) -> Result<Design, &'static str> {
    let cells: Vec<&str> = head.split(';').map(str::trim).collect();
    let [id, split, language, currency, kind, medium, look, amount, date, tags] = cells.as_slice() else {
        return Err("number of cells (ten are wanted)");
    };
    let split = match *split {
        "train" => Split::Train,
        "dev" => Split::Dev,
        "held-out" => Split::HeldOut,
        _ => return Err("split"),
    };
    let look = match *look {
        "light" => Look::Light,
        "dark" => Look::Dark,
        "violet" => Look::Violet,
        "colour" => Look::Colour,
        _ => return Err("look"),
    };
    Ok(Design {
        id: (*id).to_owned(),
        split,
        language: LANGUAGES.into_iter().find(|l| l == language).ok_or("language")?,
        currency: Currency::parse(currency).map_err(|_| "currency")?,
        kind: serde_json::from_value(serde_json::Value::String((*kind).to_owned())).map_err(|_| "kind")?,
        tags: tags.split(',').map(|t| t.trim().to_owned()).collect(),
        medium: Medium::parse(medium).ok_or("medium")?,
        look,
        amount: (*amount).to_owned(),
        date: (*date).to_owned(),
        lines: Vec::new(),
    })
}
