//! Workbooks for the tests.

use std::io::{Cursor, Write as _};

/// A workbook of one sheet.
pub fn workbook(rows: &[&[&str]], is_1904: bool) -> Vec<u8> {
    archive(&sheet(rows), is_1904, "")
}

/// The XML of a sheet; a cell is the inside of its `c` element with its attributes.
pub fn sheet(rows: &[&[&str]]) -> String {
    let mut sheet = String::from(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for (number, row) in rows.iter().enumerate() {
        sheet.push_str(&format!(r#"<row r="{}">"#, number + 1));
        for (index, cell) in row.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(index).expect("few columns")), number + 1);
            sheet.push_str(&match cell.split_at(1) {
                ("=", number) => format!(r#"<c r="{place}"><v>{number}</v></c>"#),
                ("#", serial) => format!(r#"<c r="{place}" s="1"><v>{serial}</v></c>"#),
                _ => format!(r#"<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>"#),
            });
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    sheet
}

/// A workbook of one sheet from its XML, with the shared strings or none.
pub fn archive(sheet: &str, is_1904: bool, strings: &str) -> Vec<u8> {
    archive_of(&[sheet], is_1904, strings)
}

/// A workbook of these sheets.
pub fn archive_of(sheets: &[&str], is_1904: bool, strings: &str) -> Vec<u8> {
    let (mut named, mut related) = (String::new(), String::new());
    for number in 1..=sheets.len() {
        named.push_str(&format!(r#"<sheet name="Movements {number}" sheetId="{number}" r:id="rId{number}"/>"#));
        related.push_str(&format!(r#"<Relationship Id="rId{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{number}.xml"/>"#));
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let date1904 = if is_1904 { r#"<workbookPr date1904="1"/>"# } else { "" };
    let parts = [
        ("[Content_Types].xml", r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#.to_owned()),
        ("xl/sharedStrings.xml", strings.to_owned()),
        ("_rels/.rels", r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned()),
        ("xl/workbook.xml", format!(r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{date1904}<sheets>{named}</sheets></workbook>"#)),
        ("xl/_rels/workbook.xml.rels", format!(r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{related}<Relationship Id="styles" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#)),
        ("xl/styles.xml", r#"<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>"#.to_owned()),
    ];
    let sheets = (1..).zip(sheets).map(|(number, sheet)| (format!("xl/worksheets/sheet{number}.xml"), (*sheet).to_owned()));
    let parts = parts.map(|(name, text)| (name.to_owned(), text)).into_iter().chain(sheets);
    for (name, text) in parts.filter(|(_, text)| !text.is_empty()) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("memory does not fail");
        zip.write_all(text.as_bytes()).expect("memory does not fail");
    }
    zip.finish().expect("memory does not fail").into_inner()
}
