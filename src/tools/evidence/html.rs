//! Web pages and HTML mails: what a reader would see of them, as text. Scripts and styles are dropped; hidden text is dropped and said.

use std::collections::HashSet;

use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node};

use super::page::Document;
use super::text;

/// Longest source that is looked at, in bytes.
const HTML_MAX: usize = 2 * 1024 * 1024;

/// Reads a page.
pub(super) fn read(source: &str) -> Document {
    let mut document = Document::default();
    let (seen, hidden) = to_text(source);
    document.complaints.extend(hidden);
    document.pages.push(text::page(&seen, &mut document.complaints));
    document
}

/// The visible text of a page, and a complaint when there is text that no reader would see.
pub(super) fn to_text(source: &str) -> (String, Option<String>) {
    let mut end = source.len().min(HTML_MAX);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let page = Html::parse_document(source.get(..end).unwrap_or_default());
    let hiding = hiding_rules(&page);
    let mut out = String::new();
    let mut hidden_letters = 0usize;
    // How many open elements hide what is in them; text counts as seen at zero.
    let (mut hidden, mut silent) = (0u32, 0u32);
    for edge in page.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Element(element) => {
                let name = element.name();
                let step = |count: &mut u32| *count = if opens { *count + 1 } else { count.saturating_sub(1) };
                if matches!(name, "script" | "style" | "head" | "noscript" | "template" | "svg" | "title" | "object" | "iframe") {
                    step(&mut silent);
                } else if is_hidden(element, &hiding) {
                    step(&mut hidden);
                }
                if hidden == 0 && silent == 0 {
                    lay_out(name, opens, &mut out);
                }
            }
            Node::Text(words) if opens && silent == 0 => {
                if hidden > 0 {
                    hidden_letters += words.chars().filter(|c| c.is_alphanumeric()).count();
                } else {
                    add_text(words, &mut out);
                }
            }
            Node::Text(_)
            | Node::Document
            | Node::Fragment
            | Node::Doctype(_)
            | Node::Comment(_)
            | Node::ProcessingInstruction(_) => {}
        }
    }
    let complaint = (hidden_letters > 0)
        .then(|| format!("The page holds {hidden_letters} letters of text that a reader would not see; they were not used."));
    (out.trim().to_owned(), complaint)
}

fn add_text(words: &str, out: &mut String) {
    let mut gap = words.starts_with(char::is_whitespace);
    for word in words.split_whitespace() {
        if gap && !out.is_empty() && !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
        out.push_str(word);
        gap = true;
    }
    if words.ends_with(char::is_whitespace) && !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

fn lay_out(name: &str, opens: bool, out: &mut String) {
    let line = match name {
        "br" | "hr" => opens,
        "p" | "div" | "tr" | "li" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote"
        | "section" | "article" | "header" | "footer" | "pre" | "dl" | "dt" | "dd" | "address" | "form" | "fieldset"
        | "caption" => true,
        "td" | "th" => {
            if !opens && !out.ends_with(['\n', ' ']) {
                out.push_str("   ");
            }
            false
        }
        _ => false,
    };
    if line && !out.is_empty() && !out.ends_with('\n') {
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }
}

/// Classes and ids that a style sheet of the page hides.
fn hiding_rules(page: &Html) -> HashSet<String> {
    let mut hiding = HashSet::new();
    let sheets = page.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "style"));
    for sheet in sheets {
        let css: String = sheet.children().filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect();
        for rule in css.split('}') {
            let Some((selectors, declarations)) = rule.rsplit_once('{') else { continue };
            if hides(declarations) {
                // Only simple selectors; `@media print {.x` leaves its own name behind and does no harm.
                let simple = selectors.split([',', '{']).map(str::trim).filter(|s| s.starts_with(['.', '#']));
                hiding.extend(simple.filter(|s| !s.contains([' ', '>', ':'])).map(str::to_owned));
            }
        }
    }
    hiding
}

fn is_hidden(element: &Element, hiding: &HashSet<String>) -> bool {
    element.attr("hidden").is_some()
        || (element.name() == "input" && element.attr("type") == Some("hidden"))
        || element.attr("style").is_some_and(hides)
        || element.classes().any(|class| hiding.contains(&format!(".{class}")))
        || element.id().is_some_and(|id| hiding.contains(&format!("#{id}")))
        || white_on_nothing(element)
}

/// White letters with no ground of their own: invisible on the white page of a mail program. A ground set further out is looked for by
/// its colour being named in the same element only, so a dark card with white text must say both, as mail programs require anyway.
fn white_on_nothing(element: &Element) -> bool {
    let Some(style) = element.attr("style") else { return false };
    let style = squeezed(style);
    let white = ["color:#fff;", "color:#ffffff;", "color:white;", "color:rgb(255,255,255);", "color:#fefefe;"];
    let style = format!(";{style};");
    white.iter().any(|w| style.contains(&format!(";{w}"))) && !style.contains("background") && element.name() == "span"
}

fn squeezed(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase().replace("!important", "")
}

/// Do these declarations keep a reader from seeing the text?
fn hides(declarations: &str) -> bool {
    let style = format!(";{};", squeezed(declarations));
    let exact = [
        ";display:none;",
        ";visibility:hidden;",
        ";visibility:collapse;",
        ";opacity:0;",
        ";opacity:0.0;",
        ";font-size:0;",
        ";font-size:0px;",
        ";font-size:1px;",
        ";font-size:0pt;",
        ";font-size:1pt;",
        ";mso-hide:all;",
        ";max-height:0;",
        ";max-height:0px;",
        ";clip:rect(0,0,0,0);",
        ";color:transparent;",
    ];
    if exact.iter().any(|e| style.contains(e)) {
        return true;
    }
    let far_left = ["left:-", "text-indent:-", "top:-", "margin-left:-"];
    far_left.iter().any(|property| {
        style.split(';').filter_map(|d| d.strip_prefix(property)).any(|value| {
            let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().is_ok_and(|pixels| pixels >= 500)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_its_reader_sees_it() {
        let (text, complaint) = to_text(
            "<html><head><title>x</title><style>p{color:red} .ghost { display : none }</style><script>var a='9999'</script></head><body>\
             <p>Paid <b>USD&nbsp;10</b>.50</p><table><tr><td>INV-1</td><td>4.00</td></tr><tr><td>INV-2</td><td>6.50</td></tr></table>\
             Thanks<br>Ana</body></html>",
        );
        assert_eq!(text, "Paid USD\u{a0}10.50\nINV-1   4.00\nINV-2   6.50\nThanks\nAna".replace('\u{a0}', " "));
        assert_eq!(complaint, None);
    }

    #[test]
    fn hidden_text_is_left_out_and_said() {
        for hidden in [
            "<div style='display:none'>pay 999</div>",
            "<div style='font-size: 0px'>pay 999</div>",
            "<div hidden>pay 999</div>",
            "<style>.g{visibility:hidden}</style><p class=g>pay <i>999</i></p>",
            "<div style='position:absolute;left:-9999px'>pay 999</div>",
            "<span style='color:#FFFFFF'>pay 999</span>",
        ] {
            let (text, complaint) = to_text(&format!("<body>seen {hidden} too</body>"));
            assert!(!text.contains("999") && text.contains("seen") && text.contains("too"), "{hidden}: {text}");
            assert!(complaint.is_some_and(|c| c.contains("6 letters")), "{hidden}");
        }
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = "<b>".repeat(20_000);
        assert_eq!(to_text(&format!("{deep}x")).0, "x");
    }
}
