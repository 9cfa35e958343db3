//! Word lists as data: phrases of many languages, found in a document in spite of accents, case and the letters OCR confuses.

use std::collections::HashMap;

use deunicode::deunicode_char;

/// Lower case, without accents, punctuation and invisible characters; letters of other scripts that only look Latin
/// (a Cyrillic `а` in an otherwise Latin word) count as what they look like.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let has_latin = text.chars().any(|c| c.is_ascii_alphabetic());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() && c.is_alphanumeric() {
            match has_latin.then(|| look_alike(c)).flatten() {
                Some(latin) => folded.push(latin),
                None => folded.extend(
                    deunicode_char(c).unwrap_or("").chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()),
                ),
            }
        }
    }
    folded
}

/// Letters of Cyrillic and Greek that are drawn as a Latin letter. Source: the Unicode confusables table, the common ones.
fn look_alike(c: char) -> Option<char> {
    const PAIRS: &[(&str, char)] = &[
        ("аАαΑ", 'a'),
        ("вВΒ", 'b'),
        ("сСϲ", 'c'),
        ("ԁ", 'd'),
        ("еЕёΕ", 'e'),
        ("нНΗһ", 'h'),
        ("іІїιΙӀ", 'i'),
        ("јЈ", 'j'),
        ("кКκΚ", 'k'),
        ("мМΜ", 'm'),
        ("Νп", 'n'),
        ("оОοΟ", 'o'),
        ("рРρΡ", 'p'),
        ("ѕЅ", 's'),
        ("тТτΤ", 't'),
        ("уУυΥ", 'y'),
        ("хХχΧ", 'x'),
        ("ԝ", 'w'),
        ("Ζ", 'z'),
    ];
    PAIRS.iter().find(|(letters, _)| letters.contains(c)).map(|&(_, latin)| latin)
}

/// Folds further: digits that OCR reads for letters become those letters, so `T0TAI` and `Total` are one.
fn skeleton(folded: &str) -> String {
    folded
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'l' => 'i',
            '5' => 's',
            '8' => 'b',
            other => other,
        })
        .collect()
}

/// Tokens shorter than this must match letter by letter (after folding); longer ones read by OCR may be one letter off.
const FUZZY_LENGTH_MIN: usize = 6;

/// One phrase found: tokens `start..end` of what was searched, and what the list says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// First token.
    pub start: usize,
    /// One past the last token.
    pub end: usize,
    /// Index into [`Lexicon::keys`].
    pub key: usize,
}

/// A list of phrases, each under a key, read from lines `key | phrase ; phrase`. `#` starts a comment line.
#[derive(Debug)]
pub struct Lexicon {
    keys: Vec<String>,
    vocabulary: HashMap<String, u32>,
    one_off: HashMap<String, u32>,
    next: HashMap<(u32, u32), u32>,
    ends: HashMap<u32, usize>,
}

impl Lexicon {
    /// Reads a list. A phrase that stands under two keys keeps the first.
    pub fn read(source: &str) -> Self {
        let mut lexicon = Self {
            keys: Vec::new(),
            vocabulary: HashMap::new(),
            one_off: HashMap::new(),
            next: HashMap::new(),
            ends: HashMap::new(),
        };
        let mut nodes: u32 = 0;
        for line in source.lines() {
            let Some((key, phrases)) = line.split_once('|').filter(|_| !line.starts_with('#')) else { continue };
            let key = key.trim().to_owned();
            let key_index = lexicon.keys.iter().position(|k| *k == key).unwrap_or_else(|| {
                lexicon.keys.push(key);
                lexicon.keys.len().saturating_sub(1)
            });
            for phrase in phrases.split(';') {
                let mut node = 0;
                for word in phrase.split_whitespace() {
                    let folded = skeleton(&fold(word));
                    if folded.is_empty() {
                        continue;
                    }
                    let fresh = u32::try_from(lexicon.vocabulary.len()).unwrap_or(u32::MAX);
                    let token = *lexicon.vocabulary.entry(folded).or_insert(fresh);
                    node = *lexicon.next.entry((node, token)).or_insert_with(|| {
                        nodes = nodes.saturating_add(1);
                        nodes
                    });
                }
                if node != 0 {
                    lexicon.ends.entry(node).or_insert(key_index);
                }
            }
        }
        let mut words: Vec<(&String, &u32)> = lexicon.vocabulary.iter().filter(|(w, _)| w.len() >= FUZZY_LENGTH_MIN).collect();
        words.sort();
        let mut one_off = HashMap::new();
        for (word, &token) in words {
            for variant in deletions(word) {
                one_off.entry(variant).or_insert(token);
            }
        }
        lexicon.one_off = one_off;
        lexicon
    }

    /// The keys, in order of first appearance.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The number this list gives a folded token, if it knows it. `may_be_off` allows one wrong, missing or extra letter in long ones.
    pub fn token(&self, folded: &str, may_be_off: bool) -> Option<u32> {
        let letters = folded.bytes().filter(u8::is_ascii_alphabetic).count();
        if folded.is_empty() || letters.saturating_mul(2) < folded.len() {
            // Mostly digits is a number, unless the list holds that very number.
            return self.vocabulary.get(folded).copied();
        }
        let bones = skeleton(folded);
        if let Some(&token) = self.vocabulary.get(&bones) {
            return Some(token);
        }
        // The ¡ in front of a Spanish word is often read as one of these letters.
        if may_be_off
            && let Some(rest) = bones.strip_prefix(['j', 'i', 'l'])
            && rest.len() >= 4
            && let Some(&token) = self.vocabulary.get(rest)
        {
            return Some(token);
        }
        // Without the language's own data `ü` is read as `ii` (and so `li`, which has the same bones).
        if may_be_off
            && bones.contains("ii")
            && let Some(&token) = self.vocabulary.get(&bones.replacen("ii", "u", 1))
        {
            return Some(token);
        }
        if !may_be_off || bones.len() < FUZZY_LENGTH_MIN {
            return None;
        }
        // One letter missing here, one extra here, or one replaced: some pair of deletions meets.
        self.one_off.get(&bones).copied().or_else(|| {
            deletions(&bones).find_map(|variant| {
                self.vocabulary
                    .get(&variant)
                    .or_else(|| self.one_off.get(&variant))
                    .filter(|_| variant.len() >= FUZZY_LENGTH_MIN.saturating_sub(1))
                    .copied()
            })
        })
    }

    /// All phrases in a run of tokens, longest first at each place, none overlapping.
    pub fn find(&self, tokens: &[Option<u32>]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            match self.longest(tokens, at) {
                Some(hit) => {
                    at = hit.end;
                    hits.push(hit);
                }
                None => at = at.saturating_add(1),
            }
        }
        hits
    }

    fn longest(&self, tokens: &[Option<u32>], start: usize) -> Option<Hit> {
        let mut node = 0;
        let mut best = None;
        for (offset, token) in tokens.iter().skip(start).enumerate() {
            let Some(token) = *token else { break };
            match self.next.get(&(node, token)) {
                Some(&next) => node = next,
                None => break,
            }
            if let Some(&key) = self.ends.get(&node) {
                best = Some(Hit { start, end: start.saturating_add(offset).saturating_add(1), key });
            }
        }
        best
    }
}

fn deletions(word: &str) -> impl Iterator<Item = String> + '_ {
    // Words here are ASCII after folding, so a byte is a letter.
    (0..word.len()).map(move |i| word.bytes().enumerate().filter(|&(j, _)| j != i).map(|(_, b)| char::from(b)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lexicon: &Lexicon, text: &str, ocr: bool) -> Vec<String> {
        let tokens: Vec<_> = text.split_whitespace().map(|w| lexicon.token(&fold(w), ocr)).collect();
        lexicon.find(&tokens).iter().map(|h| lexicon.keys()[h.key].clone()).collect()
    }

    #[test]
    fn phrases_are_found_in_spite_of_accents_and_ocr() {
        let lexicon = Lexicon::read(
            "# comment\nref | número de operación ; transaction id\ntotal | total ; grand total\nto | begünstigter\n",
        );
        for (text, ocr, expected) in [
            ("NUMERO DE OPERACION: 123", false, vec!["ref"]),
            ("Begiinstigter", true, vec!["to"]),
            ("Begiinstigter", false, vec![]),
            ("Número de 0peración 123", true, vec!["ref"]),
            ("Número de operacin 123", true, vec!["ref"]),
            ("Número de operacin 123", false, vec![]),
            ("T0TAL", true, vec!["total"]),
            ("Grand Total 12", false, vec!["total"]),
            ("Transactlon ID", true, vec!["ref"]),
            ("subtotal", true, vec![]),
            ("10741", true, vec![]),
        ] {
            assert_eq!(found(&lexicon, text, ocr), expected, "{text}");
        }
    }

    #[test]
    fn look_alikes_and_invisible_letters_fold_away() {
        assert_eq!(fold("ІGNORE"), "ignore");
        assert_eq!(fold("I\u{200b}g\u{200b}nore"), "ignore");
        assert_eq!(fold("Überweisung"), "uberweisung");
        assert_eq!(fold("…"), "");
    }
}
