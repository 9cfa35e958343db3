//! The invoice inside a PDF (Factur-X, ZUGFeRD): an embedded file named in `/AF` or in the name tree `/Names /EmbeddedFiles`
//! (ISO 32000-2, 7.11.4 and 14.13).

use std::io::Read;

use flate2::read::ZlibDecoder;
use lopdf::{Dictionary, Document, Object, Stream};

use super::IntakeError;

/// Larger PDFs are not opened.
const MAX_PDF: usize = 64 << 20;
/// Larger embedded files are refused; an invoice of 1,000 lines has about 2 MiB.
const MAX_XML: u64 = 16 << 20;
/// Nodes of a name tree, and embedded files, looked at.
const MAX_NODES: usize = 500;
/// Depth of a name tree.
const MAX_DEPTH: usize = 16;

/// File names that the standards prescribe, best first (Factur-X 1.0, ZUGFeRD 1.0 and 2.x, XRechnung).
const NAMES: [&str; 4] = ["factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml", "cii.xml"];

/// The invoice XML a PDF carries, or `None` where it carries none. The XML itself is not looked at beyond its first bytes.
///
/// The PDF parser holds whatever its objects inflate to: call this only in the process that parses untrusted files under limits.
///
/// # Errors
/// When the PDF is larger than 64 MiB, is encrypted or cannot be parsed, or its invoice is larger than 16 MiB.
pub fn embedded_invoice_xml(pdf: &[u8]) -> Result<Option<Vec<u8>>, IntakeError> {
    if pdf.len() > MAX_PDF {
        return Err(over("this PDF", "64 MiB"));
    }
    let document = Document::load_mem(pdf).map_err(|e| IntakeError::Malformed {
        line: None,
        message: format!("the PDF cannot be parsed ({e}); ask for it again"),
    })?;
    let mut files = Vec::new();
    if let Ok(catalog) = document.catalog() {
        if let Some(Object::Array(all)) = catalog.get(b"AF").ok().map(|o| follow(&document, o)) {
            for file in all.iter().take(MAX_NODES) {
                files.extend(specification(&document, file));
            }
        }
        let tree = dictionary(&document, catalog, b"Names").and_then(|names| dictionary(&document, names, b"EmbeddedFiles"));
        if let Some(tree) = tree {
            walk(&document, tree, MAX_DEPTH, &mut MAX_NODES.clone(), &mut files);
        }
    }
    let rank = |name: &str| NAMES.iter().position(|known| name == *known).unwrap_or(NAMES.len());
    files.retain(|(name, _)| name.ends_with(".xml"));
    files.sort_by_key(|(name, _)| rank(name));
    for (name, stream) in files {
        let xml = inflate(stream)?;
        if rank(&name) < NAMES.len() || is_invoice(&xml) {
            return Ok(Some(xml));
        }
    }
    if document.is_encrypted() {
        return Err(IntakeError::WrongDocument {
            document: "an encrypted PDF".to_owned(),
            advice: "ask for it without a password".to_owned(),
        });
    }
    Ok(None)
}

fn over(what: &str, limit: &str) -> IntakeError {
    IntakeError::OverLimit { line: None, what: what.to_owned(), limit: limit.to_owned() }
}

fn follow<'d>(document: &'d Document, object: &'d Object) -> &'d Object {
    document.dereference(object).map_or(&Object::Null, |(_, found)| found)
}

fn dictionary<'d>(document: &'d Document, parent: &'d Dictionary, key: &[u8]) -> Option<&'d Dictionary> {
    follow(document, parent.get(key).ok()?).as_dict().ok()
}

/// File name in lower case and contents of a file specification.
fn specification<'d>(document: &'d Document, object: &'d Object) -> Option<(String, &'d Stream)> {
    let file = follow(document, object).as_dict().ok()?;
    let name = [&b"UF"[..], b"F"].iter().find_map(|key| {
        let text = follow(document, file.get(key).ok()?);
        lopdf::decode_text_string(text).ok()
    })?;
    let contents = dictionary(document, file, b"EF")?;
    let stream = [&b"UF"[..], b"F"].iter().find_map(|key| follow(document, contents.get(key).ok()?).as_stream().ok())?;
    Some((name.to_lowercase(), stream))
}

fn walk<'d>(document: &'d Document, node: &'d Dictionary, depth: usize, left: &mut usize, files: &mut Vec<(String, &'d Stream)>) {
    if depth == 0 || *left == 0 {
        return;
    }
    *left -= 1;
    if let Some(Object::Array(names)) = node.get(b"Names").ok().map(|o| follow(document, o)) {
        for pair in names.chunks_exact(2).take(MAX_NODES) {
            files.extend(pair.get(1).and_then(|file| specification(document, file)));
        }
    }
    if let Some(Object::Array(kids)) = node.get(b"Kids").ok().map(|o| follow(document, o)) {
        for kid in kids {
            if let Ok(kid) = follow(document, kid).as_dict() {
                walk(document, kid, depth - 1, left, files);
            }
        }
    }
}

/// The contents, never more than [`MAX_XML`] of them in memory.
fn inflate(stream: &Stream) -> Result<Vec<u8>, IntakeError> {
    let unreadable =
        |what: String| IntakeError::Malformed { line: None, message: format!("the embedded invoice {what}; ask for it again") };
    let filters = stream.filters().unwrap_or_default();
    let mut xml = Vec::new();
    match filters.as_slice() {
        [] => {
            if stream.content.len() as u64 > MAX_XML {
                return Err(over("the embedded invoice", "16 MiB"));
            }
            xml.clone_from(&stream.content);
        }
        [b"FlateDecode"] => {
            let read = ZlibDecoder::new(stream.content.as_slice()).take(MAX_XML + 1).read_to_end(&mut xml);
            if xml.len() as u64 > MAX_XML {
                return Err(over("the embedded invoice", "16 MiB"));
            }
            // A wrong checksum after a complete document does no harm: the XML reader sees whether it is whole.
            if let Err(error) = read
                && xml.is_empty()
            {
                return Err(unreadable(format!("cannot be decompressed ({error})")));
            }
        }
        _ => return Err(unreadable("is stored with a filter other than FlateDecode".to_owned())),
    }
    Ok(xml)
}

/// Attached under another name, but an invoice by its root.
fn is_invoice(xml: &[u8]) -> bool {
    let head = String::from_utf8_lossy(xml.get(..4096).unwrap_or(xml));
    ["CrossIndustryInvoice", "CrossIndustryDocument", "xsd:Invoice-2", "xsd:CreditNote-2"].iter().any(|name| head.contains(name))
}
