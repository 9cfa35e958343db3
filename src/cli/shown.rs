//! Text from outside on a terminal or in a table: it may hold characters that move the cursor, turn the writing direction, or that a
//! spreadsheet takes for a formula.

/// Control characters, and those that change the direction of writing, as escapes. Line feeds stay.
pub fn on_terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && c != '\n') || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text cell that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show.
pub fn in_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_something_is_only_shown() {
        assert_eq!(on_terminal("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
        assert_eq!(on_terminal("two\nlines, Ünïcode"), "two\nlines, Ünïcode");
        assert_eq!(in_cell("=1+1"), "'=1+1");
        assert_eq!(in_cell("EUR 1"), "EUR 1");
    }
}
