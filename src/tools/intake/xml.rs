//! A streaming cursor over XML of unknown origin: element by element, by local name, with line numbers and hard limits.
//!
//! Namespaces and prefixes are ignored (banks omit and misspell them); a DTD is refused, so no entity can be declared and none
//! expands; nesting, markup and text are bounded; nothing here grows with the size of the file.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::errors::SyntaxError;
use quick_xml::events::{BytesStart, Event};
use quittance_rules::bank::Problem;

use super::IntakeError;
use super::utf8::{MarkupTooLong, Utf8Input};

/// Deepest nesting taken. CAMT needs 14, UBL and CII about 12.
const MAX_DEPTH: usize = 64;
/// Text kept of one element. The longest field of CAMT has 500 characters.
const MAX_TEXT: usize = 64 << 10;
/// Names, attributes and text kept of one [`Tree`].
const MAX_TREE_BYTES: usize = 4 << 20;
/// Elements kept of one [`Tree`].
const MAX_TREE_NODES: usize = 100_000;

/// Why the cursor cannot go on. What was read before stands.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    /// The bytes did not come.
    #[error("the file could not be read: {0}")]
    Io(std::sync::Arc<std::io::Error>),
    /// The file ends inside an element.
    #[error("the file ends here in the middle of the document; ask for it again, whole")]
    Truncated { line: u64 },
    /// Not well-formed.
    #[error("the XML is broken here ({what}); nothing after this line was read")]
    Broken { line: u64, what: String },
    /// A document type definition, which can declare entities that explode.
    #[error("the file carries a DTD (<!DOCTYPE>), which is refused because it can hide an attack; ask for it without")]
    Dtd { line: u64 },
    /// Nested too deeply.
    #[error("elements are nested more than {MAX_DEPTH} deep; nothing after this line was read")]
    TooDeep { line: u64 },
    /// One tag or comment of over a mebibyte.
    #[error("one tag or comment is longer than 1 MiB; nothing after this line was read")]
    TooLong { line: u64 },
}

impl XmlError {
    /// Line number from 1, where the error has one.
    pub(crate) fn line(&self) -> Option<u64> {
        match self {
            Self::Io(_) => None,
            Self::Truncated { line }
            | Self::Broken { line, .. }
            | Self::Dtd { line }
            | Self::TooDeep { line }
            | Self::TooLong { line } => Some(*line),
        }
    }

    /// As a problem of a file of which something was taken.
    pub(crate) fn into_problem(self) -> Problem {
        Problem { line: self.line(), field: None, message: self.to_string() }
    }

    /// As the reason why nothing of a file was taken.
    pub(crate) fn into_error(self) -> IntakeError {
        match self {
            Self::Io(error) => IntakeError::Io(std::io::Error::new(error.kind(), error.to_string())),
            Self::TooDeep { line } => IntakeError::OverLimit {
                line: Some(line),
                what: "the nesting of elements".to_owned(),
                limit: format!("{MAX_DEPTH} levels"),
            },
            Self::TooLong { line } => {
                IntakeError::OverLimit { line: Some(line), what: "one tag or comment".to_owned(), limit: "1 MiB".to_owned() }
            }
            Self::Truncated { line } | Self::Broken { line, .. } | Self::Dtd { line } => {
                IntakeError::Malformed { line: Some(line), message: self.to_string() }
            }
        }
    }
}

/// What the cursor met.
pub(crate) enum Step<'a> {
    /// An element begins on this line.
    Start(BytesStart<'a>, u64),
    /// The innermost element ends.
    End,
    /// Some of the text of the innermost element; an element's text may come in several pieces.
    Text(std::borrow::Cow<'a, str>),
    /// The file ends outside all elements.
    Eof,
}

/// The cursor.
pub(crate) struct Cursor<R> {
    reader: Reader<Utf8Input<R>>,
    buffer: Vec<u8>,
    depth: usize,
    cut: Option<u64>,
    met: Option<(BytesStart<'static>, u64)>,
}

impl<R: BufRead> Cursor<R> {
    /// Looks at the first bytes for the encoding. An empty file is an error.
    pub(crate) fn new(input: R) -> Result<Self, IntakeError> {
        let mut reader = Reader::from_reader(Utf8Input::new(input)?);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // `Müller & Co` without escape: common in text typed by payers, and harmless.
        config.allow_dangling_amp = true;
        Ok(Self { reader, buffer: Vec::new(), depth: 0, cut: None, met: None })
    }

    /// Line that is being read, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// Goes one step on.
    pub(crate) fn next(&mut self) -> Result<Step<'_>, XmlError> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().begin_event();
            let line = self.reader.get_ref().line();
            // The borrow of the buffer must not outlive a turn that returns nothing, hence the copy of what was met.
            let turn = match self.reader.read_event_into(&mut self.buffer) {
                Err(error) => return Err(self.explain(error)),
                Ok(event) => match event {
                    Event::Start(_) => Turn::Start,
                    Event::End(_) => Turn::End,
                    Event::Text(_) => Turn::Text,
                    Event::CData(_) => Turn::CData,
                    Event::GeneralRef(reference) => Turn::Reference(resolve(&reference)),
                    Event::Eof => Turn::Eof,
                    Event::DocType(_) => return Err(XmlError::Dtd { line }),
                    Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Turn::Nothing,
                },
            };
            if let Some(cut) = self.reader.get_mut().take_cut() {
                self.cut.get_or_insert(cut);
            }
            match turn {
                Turn::Nothing => {}
                Turn::Start => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(XmlError::TooDeep { line: self.line() });
                    }
                    let raw = std::str::from_utf8(&self.buffer).unwrap_or_default();
                    let content = raw.strip_prefix('<').unwrap_or(raw);
                    let content = content.strip_suffix('>').unwrap_or(content);
                    let content = content.strip_suffix('/').unwrap_or(content);
                    let name_len = content.find([' ', '\t', '\r', '\n']).unwrap_or(content.len());
                    return Ok(Step::Start(BytesStart::from_content(content, name_len), line));
                }
                Turn::End => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::End);
                }
                Turn::Text => {
                    return Ok(Step::Text(std::str::from_utf8(&self.buffer).unwrap_or_default().into()));
                }
                Turn::CData => {
                    let raw = std::str::from_utf8(&self.buffer).unwrap_or_default();
                    let inner = raw.strip_prefix("<![CDATA[").unwrap_or(raw);
                    return Ok(Step::Text(inner.strip_suffix("]]>").unwrap_or(inner).into()));
                }
                Turn::Reference(text) => return Ok(Step::Text(text.into())),
                Turn::Eof if self.depth > 0 => return Err(XmlError::Truncated { line: self.line() }),
                Turn::Eof => return Ok(Step::Eof),
            }
        }
    }

    /// Goes past the end of the element that began last.
    pub(crate) fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Step::Eof = self.next()? {
                break;
            }
        }
        Ok(())
    }

    /// Builds on until the element the tree began with ends, or one named in `meet` begins. The met element is not in the tree:
    /// the caller deals with it whole, then calls again.
    pub(crate) fn build(&mut self, tree: &mut Tree, meet: &[&str]) -> Result<Built, XmlError> {
        while !tree.open.is_empty() {
            let here = self.line();
            match self.next()? {
                Step::Start(start, line) => {
                    if meet.contains(&start.local_name().as_ref()) {
                        self.met = Some((start.into_owned(), line));
                        return Ok(Built::Met);
                    }
                    tree.begin(&start, line);
                }
                Step::End => tree.close(),
                Step::Text(text) => {
                    if !tree.add_text(&text) {
                        self.cut.get_or_insert(here);
                    }
                }
                Step::Eof => break,
            }
        }
        Ok(Built::Whole)
    }

    /// Restarts a tree with the element at which [`Cursor::build`] stopped.
    pub(crate) fn restart_here(&mut self, tree: &mut Tree) {
        if let Some((start, line)) = self.met.take() {
            tree.restart(&start, line);
        }
    }

    /// A problem for the first over-long text since the last call, if there was one.
    pub(crate) fn take_cut(&mut self) -> Option<Problem> {
        self.cut.take().map(|line| Problem {
            line: Some(line),
            field: None,
            message: "a text longer than 64 KiB was cut here".to_owned(),
        })
    }

    /// A problem for bytes that are not of the declared encoding, once.
    pub(crate) fn take_misencoded(&mut self) -> Option<Problem> {
        self.reader.get_mut().take_misencoded()
    }

    fn explain(&self, error: quick_xml::Error) -> XmlError {
        let line = self.line();
        match error {
            quick_xml::Error::Io(error) => {
                if error.get_ref().is_some_and(|e| e.is::<MarkupTooLong>()) {
                    XmlError::TooLong { line }
                } else {
                    XmlError::Io(error)
                }
            }
            quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => {
                XmlError::Broken { line, what: "markup that begins with <! and is neither comment nor CDATA".to_owned() }
            }
            // All other syntax errors of the reader mean that the input ended inside a tag.
            quick_xml::Error::Syntax(_) => XmlError::Truncated { line },
            quick_xml::Error::IllFormed(e) => XmlError::Broken { line, what: e.to_string() },
            quick_xml::Error::InvalidAttr(e) => XmlError::Broken { line, what: e.to_string() },
            quick_xml::Error::Encoding(e) => XmlError::Broken { line, what: e.to_string() },
            quick_xml::Error::Escape(e) => XmlError::Broken { line, what: e.to_string() },
            quick_xml::Error::Namespace(e) => XmlError::Broken { line, what: e.to_string() },
        }
    }
}

/// What one turn of [`Cursor::next`] met.
enum Turn {
    Start,
    End,
    Text,
    CData,
    Reference(String),
    Eof,
    Nothing,
}

/// The text of a reference. With no DTD only numbers and the five predefined names mean something; others stay as written.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name: &str = reference;
    match quick_xml::escape::resolve_predefined_entity(name) {
        Some(text) => text.to_owned(),
        None => format!("&{name};"),
    }
}

/// How far [`Cursor::build`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Built {
    /// The element ended.
    Whole,
    /// An element to be dealt with apart begins.
    Met,
}

/// One element with all it holds, flat in three buffers that are used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    text: String,
    nodes: Vec<Record>,
    attributes: Vec<(Part, Part)>,
    open: Vec<usize>,
    over: bool,
}

/// A piece of `Tree::text`.
type Part = (usize, usize);

#[derive(Debug)]
struct Record {
    name: Part,
    value: Part,
    attributes: Part,
    /// Index after the last node inside this one.
    end: usize,
    line: u64,
}

impl Tree {
    /// Forgets what it holds and begins with this element.
    pub(crate) fn restart(&mut self, start: &BytesStart<'_>, line: u64) {
        self.text.clear();
        self.nodes.clear();
        self.attributes.clear();
        self.open.clear();
        self.over = false;
        self.begin(start, line);
    }

    /// More than a tree may hold was met; what is here is not whole.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.over
    }

    /// The element it began with.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    fn begin(&mut self, start: &BytesStart<'_>, line: u64) {
        if self.over || self.text.len() > MAX_TREE_BYTES || self.nodes.len() >= MAX_TREE_NODES {
            self.over = true;
            // Not kept, but its end must still be told from that of its parent.
            self.open.push(usize::MAX);
            return;
        }
        let name = self.push(start.local_name().as_ref());
        let first = self.attributes.len();
        for attribute in start.attributes().with_checks(false).flatten() {
            let key = self.push(attribute.key.local_name().as_ref());
            let value = match quick_xml::escape::unescape(&attribute.value) {
                Ok(value) => self.push(&value),
                Err(_) => self.push(&attribute.value),
            };
            self.attributes.push((key, value));
        }
        let at = self.text.len();
        let index = self.nodes.len();
        self.nodes.push(Record { name, value: (at, at), attributes: (first, self.attributes.len()), end: index + 1, line });
        self.open.push(index);
    }

    fn push(&mut self, text: &str) -> Part {
        let at = self.text.len();
        self.text.push_str(text);
        (at, self.text.len())
    }

    fn close(&mut self) {
        if let Some(index) = self.open.pop() {
            let end = self.nodes.len();
            if let Some(record) = self.nodes.get_mut(index) {
                record.end = end;
            }
        }
    }

    /// False when the text was cut. Text after a child (mixed content) does not occur in these formats and is left out.
    fn add_text(&mut self, text: &str) -> bool {
        let Some(&index) = self.open.last() else { return true };
        if index + 1 != self.nodes.len() {
            return true;
        }
        let Some(record) = self.nodes.get_mut(index) else { return true };
        let (from, to) = record.value;
        if to - from + text.len() > MAX_TEXT {
            return false;
        }
        // White space between elements is the bulk of an indented file and means nothing before other text.
        let text = if from == to { text.trim_start() } else { text };
        self.text.push_str(text);
        record.value = (from, self.text.len());
        true
    }

    fn part(&self, (from, to): Part) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

/// An element of a [`Tree`].
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    tree: &'t Tree,
    index: usize,
}

impl<'t> Node<'t> {
    fn record(self) -> Option<&'t Record> {
        self.tree.nodes.get(self.index)
    }

    /// Local name.
    pub(crate) fn name(self) -> &'t str {
        self.record().map_or("", |r| self.tree.part(r.name))
    }

    /// Text, trimmed.
    pub(crate) fn value(self) -> &'t str {
        self.record().map_or("", |r| self.tree.part(r.value).trim())
    }

    /// Line on which the element starts.
    pub(crate) fn line(self) -> u64 {
        self.record().map_or(0, |r| r.line)
    }

    /// An attribute by local name, trimmed.
    pub(crate) fn attribute(self, name: &str) -> Option<&'t str> {
        let (from, to) = self.record()?.attributes;
        let all = self.tree.attributes.get(from..to)?;
        all.iter().find(|(key, _)| self.tree.part(*key) == name).map(|(_, value)| self.tree.part(*value).trim())
    }

    /// Elements directly inside.
    pub(crate) fn children(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.record().map_or(0, |r| r.end);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let node = Node { tree: self.tree, index: next };
            // A node that was left open by a cut file ends with the tree.
            next = self.tree.nodes.get(next).map_or(end, |r| r.end.max(next + 1));
            Some(node)
        })
    }

    /// The first element at a path such as `Refs/EndToEndId`.
    pub(crate) fn find(self, path: &str) -> Option<Node<'t>> {
        let (first, rest) = path.split_once('/').map_or((path, None), |(a, b)| (a, Some(b)));
        self.children().filter(|c| c.name() == first).find_map(|c| rest.map_or(Some(c), |rest| c.find(rest)))
    }

    /// All elements at a path, in document order.
    pub(crate) fn all(self, path: &str) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        self.gather(path, &mut found);
        found
    }

    fn gather(self, path: &str, found: &mut Vec<Node<'t>>) {
        let (first, rest) = path.split_once('/').map_or((path, None), |(a, b)| (a, Some(b)));
        for child in self.children().filter(|c| c.name() == first) {
            match rest {
                Some(rest) => child.gather(rest, found),
                None => found.push(child),
            }
        }
    }

    /// Text at a path with inner white space folded to one space; `None` where there is none.
    pub(crate) fn text(self, path: &str) -> Option<String> {
        let folded = fold(self.find(path)?.value());
        (!folded.is_empty()).then_some(folded)
    }
}

/// One space for every run of white space, none at the ends.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_of(xml: &str) -> Result<Tree, String> {
        let mut cursor = Cursor::new(xml.as_bytes()).map_err(|e| e.to_string())?;
        let mut tree = Tree::default();
        loop {
            match cursor.next().map_err(|e| e.to_string())? {
                Step::Start(start, line) => {
                    tree.restart(&start, line);
                    break;
                }
                Step::Eof => return Err("nothing".to_owned()),
                Step::End | Step::Text(_) => {}
            }
        }
        cursor.build(&mut tree, &[]).map_err(|e| e.to_string())?;
        Ok(tree)
    }

    #[test]
    fn reads_by_local_name_with_lines_text_and_attributes() {
        let tree = tree_of(
            "<?xml version='1.0'?>\n<x:a xmlns:x='u'>\n <x:b k='1 &amp; 2'>A &amp; B &#x41;<![CDATA[<raw>]]> R&D</x:b><c/>\n<d><e>1</e><e> 2\n 3 </e></d></x:a>",
        )
        .expect("well-formed");
        let root = tree.root();
        assert_eq!((root.name(), root.line()), ("a", 2));
        let b = root.find("b").expect("b");
        assert_eq!((b.value(), b.attribute("k"), b.line()), ("A & B A<raw> R&D", Some("1 & 2"), 3));
        assert_eq!(root.text("c"), None);
        assert_eq!(root.all("d/e").len(), 2);
        assert_eq!(root.find("d/e").map(|e| e.value()), Some("1"));
        assert_eq!(root.all("d/e").get(1).map(|e| fold(e.value())), Some("2 3".to_owned()));
    }

    #[test]
    fn refuses_attacks_and_names_the_line() {
        let deep = "<a>".repeat(100);
        let long = format!("<a b='{}'/>", "x".repeat(2 << 20));
        for (xml, words) in [
            ("<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>", "DTD"),
            ("<a>\n<b>", "ends here"),
            ("<a>\n<b></a>", "broken here"),
            ("<a b=\"", "ends here"),
            (deep.as_str(), "64 deep"),
            (long.as_str(), "1 MiB"),
            ("", "empty"),
            ("  \n ", "empty"),
        ] {
            let error = tree_of(xml).expect_err(words);
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn a_gigantic_text_is_cut_and_said_so() {
        let xml = format!("<a><b>{}</b><c>kept</c></a>", "x".repeat(30 << 20));
        let mut cursor = Cursor::new(xml.as_bytes()).expect("not empty");
        let mut tree = Tree::default();
        if let Ok(Step::Start(start, line)) = cursor.next() {
            tree.restart(&start, line);
        }
        cursor.build(&mut tree, &[]).expect("well-formed");
        assert_eq!(tree.root().text("c").as_deref(), Some("kept"));
        assert!(cursor.take_cut().is_some());
        assert!(tree.text.len() < 1 << 20);
    }

    #[test]
    fn undeclared_entities_stay_as_written() {
        assert_eq!(tree_of("<a>1&nbsp;2&lol9;</a>").expect("taken").root().value(), "1&nbsp;2&lol9;");
    }
}
