//! Web pages and HTML mails: what a reader would see of them, as text. Scripts and styles are dropped; hidden text is dropped and said.

use std::collections::HashSet;

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::Element;
use scraper::{Html, Node, Selector};

use super::page::Document;
use super::text;

/// Longest source that is looked at, in bytes.
const HTML_MAX: usize = 2 * 1024 * 1024;
/// Depth of elements within each other; browsers stop at a few hundred.
const DEPTH_MAX: usize = 10_000;
/// Rules of style sheets that are looked at; each is asked of every element.
const RULES_MAX: usize = 500;

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
    let source = source.get(..end).unwrap_or_default();
    if is_too_deep(source) {
        let sentence =
            format!("The page nests its elements more than {DEPTH_MAX} deep, as no mail program does; it was not read.");
        return (String::new(), Some(sentence));
    }
    let page = Html::parse_document(source);
    let styled = Styled::of(&page);
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
                } else if styled.is_hidden(node, element) {
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

/// Elements that only their own end closes: a parser looks back over all that are open, so that its time grows with the square of the depth.
fn is_too_deep(source: &str) -> bool {
    const NESTING: [&str; 16] = [
        "div",
        "span",
        "b",
        "i",
        "u",
        "a",
        "font",
        "em",
        "strong",
        "table",
        "center",
        "blockquote",
        "section",
        "article",
        "ul",
        "ol",
    ];
    let mut depth = 0usize;
    for tag in source.split('<').skip(1) {
        let (closes, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name: String = name.chars().take_while(char::is_ascii_alphabetic).take(12).collect::<String>().to_ascii_lowercase();
        if NESTING.contains(&name.as_str()) {
            depth = if closes { depth.saturating_sub(1) } else { depth.saturating_add(1) };
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
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

/// What the style sheets of a page say of its elements, as far as it decides what a reader sees.
#[derive(Default)]
struct Styled {
    hidden: HashSet<NodeId>,
    white: HashSet<NodeId>,
    grounded: HashSet<NodeId>,
}

impl Styled {
    fn of(page: &Html) -> Self {
        let mut styled = Self::default();
        let sheets = page.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "style"));
        let css: Vec<String> =
            sheets.map(|sheet| sheet.children().filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect()).collect();
        for (selectors, declarations) in css.iter().flat_map(|css| rules(css)).take(RULES_MAX) {
            let (hides, white, ground) = (hides(declarations), is_white(declarations), has_ground(declarations));
            if !(hides || white || ground) {
                continue;
            }
            // What is no selector of an element as the page stands (`a:hover`) styles nothing here.
            let Ok(selector) = Selector::parse(selectors) else { continue };
            for element in page.select(&selector) {
                for (set, is) in
                    [(&mut styled.hidden, hides), (&mut styled.white, white && !ground), (&mut styled.grounded, ground)]
                {
                    if is {
                        set.insert(element.id());
                    }
                }
            }
        }
        styled
    }

    fn is_hidden(&self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        element.attr("hidden").is_some()
            || (element.name() == "input" && element.attr("type") == Some("hidden"))
            || element.attr("style").is_some_and(hides)
            || self.hidden.contains(&node.id())
            || is_folded_away(node, element)
            || self.is_white_on_white(node, element)
    }

    /// White letters with no ground of their own: invisible on the white page of a mail program.
    fn is_white_on_white(&self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        let white = self.white.contains(&node.id()) || element.attr("style").is_some_and(is_white);
        white && !std::iter::once(node).chain(node.ancestors()).any(|around| self.is_grounded(around))
    }

    fn is_grounded(&self, node: NodeRef<'_, Node>) -> bool {
        let Some(element) = node.value().as_element() else { return false };
        self.grounded.contains(&node.id())
            || element.attr("style").is_some_and(has_ground)
            || ["bgcolor", "background"].iter().any(|name| element.attr(name).is_some())
    }
}

/// What stands in a closed `details` beside its summary is seen by whoever opens it.
fn is_folded_away(node: NodeRef<'_, Node>, element: &Element) -> bool {
    let parent = node.parent().and_then(|parent| parent.value().as_element());
    element.name() != "summary" && parent.is_some_and(|parent| parent.name() == "details" && parent.attr("open").is_none())
}

/// Selectors and declarations of a style sheet that hold on any screen. What a condition guards (a narrow screen, print, a dark theme) is left
/// out: pages carry two versions of a part, each hidden where the other is shown.
fn rules(css: &str) -> Vec<(&str, &str)> {
    let mut rules = Vec::new();
    let mut rest = css;
    while let Some((selectors, behind)) = rest.split_once('{') {
        let selectors = selectors.rsplit(['}', ';']).next().unwrap_or_default().trim();
        if !selectors.starts_with('@') {
            let (declarations, after) = behind.split_once('}').unwrap_or((behind, ""));
            // A comment before a rule is no part of its selector.
            rules.push((selectors.rsplit("*/").next().unwrap_or_default().trim(), declarations));
            rest = after;
            continue;
        }
        let condition = selectors.to_ascii_lowercase();
        let holds = matches!(condition.split_whitespace().collect::<Vec<_>>().as_slice(), ["@media", "all" | "screen"]);
        rest = if holds { behind } else { behind_block(behind) };
    }
    rules
}

/// What follows a block whose opening brace was taken.
fn behind_block(css: &str) -> &str {
    let mut depth = 1u32;
    for (at, c) in css.char_indices() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return css.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

/// Do these declarations set white letters?
fn is_white(declarations: &str) -> bool {
    let style = format!(";{};", squeezed(declarations));
    ["#fff", "#ffffff", "white", "rgb(255,255,255)", "#fefefe", "#fdfdfd"]
        .iter()
        .any(|white| style.contains(&format!(";color:{white};")))
}

/// Do these declarations set a ground that is not white?
fn has_ground(declarations: &str) -> bool {
    let style = squeezed(declarations);
    let grounds = style.split(';').filter(|declaration| declaration.starts_with("background"));
    let white = ["#fff", "#ffffff", "white", "transparent", "none", "inherit", "rgb(255,255,255)"];
    grounds.filter_map(|ground| ground.split_once(':')).any(|(_, ground)| !white.contains(&ground))
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
            "<p style='color:white'>pay 999</p>",
            "<style>p.x{display:none}</style><p class=x>pay 999</p>",
            "<style>/* a note */ div > .y, b { display:none }</style><div><i class=y>pay 999</i></div>",
            "<style>@media screen { .z{color:#fff} }</style><p class=z>pay 999</p>",
            "<details><summary>more</summary><p>pay 999</p></details>",
        ] {
            let (text, complaint) = to_text(&format!("<body>seen {hidden} too</body>"));
            assert!(!text.contains("999") && text.contains("seen") && text.contains("too"), "{hidden}: {text}");
            assert!(complaint.is_some_and(|c| c.contains("6 letters")), "{hidden}");
        }
    }

    /// White on a dark card, what is hidden on a narrow screen only, and what opens.
    #[test]
    fn text_that_is_shown_is_kept() {
        for shown in [
            "<table><tr><td bgcolor='#003366'><p style='color:#fff'>paid 999</p></td></tr></table>",
            "<style>.card{background:#036}.card p{color:white}</style><div class=card><p>paid 999</p></div>",
            "<style>@media only screen and (max-width:600px) { .wide{display:none} }</style><p class=wide>paid 999</p>",
            "<style>.narrow{display:none} @media (max-width:600px){ .narrow{display:block} .wide{display:none} }</style><p class=wide>paid 999</p>",
            "<style>a:hover{display:none}</style><a>paid 999</a>",
            "<details open><summary>more</summary><p>paid 999</p></details>",
        ] {
            let (text, complaint) = to_text(&format!("<body>seen {shown} too</body>"));
            assert!(text.contains("999") && complaint.is_none(), "{shown}: {text} {complaint:?}");
        }
    }

    #[test]
    fn many_rules_end() {
        let rules: String = (0..20_000).map(|n| format!(".c{n} > b {{display:none}} @media x{{")).collect();
        let (text, _) = to_text(&format!("<style>{rules}</style>{}", "<div><b>x</b></div>".repeat(5_000)));
        assert!(text.starts_with('x'));
    }

    #[test]
    fn deep_nesting_ends() {
        assert_eq!(to_text(&format!("{}x", "<b>".repeat(DEPTH_MAX))).0, "x");
        for element in ["div", "B", "span"] {
            let (text, complaint) = to_text(&format!("{}x", format!("<{element}>").repeat(100_000)));
            assert!(text.is_empty() && complaint.is_some_and(|c| c.contains("10000 deep")), "{element}");
        }
    }
}
