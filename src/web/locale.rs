//! The words of the pages, by files: `locales/LANGUAGE.ftl` in Project Fluent's format.

use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All of them; the first is the one for those who ask for none of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Its own name for itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("locales/en.ftl"),
            Self::Spanish => include_str!("locales/es.ftl"),
        }
    }

    /// The sentences of the program, in the same format: see [`crate::said`].
    pub(crate) fn said(self) -> &'static str {
        match self {
            Self::English => include_str!("locales/en-said.ftl"),
            Self::Spanish => include_str!("locales/es-said.ftl"),
        }
    }

    /// The language of a tag (`es`, `es-MX`).
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == primary)
    }

    /// The best of an `Accept-Language` header: the highest `q`, the first where equal (RFC 9110, 12.5.4).
    pub fn of_header(header: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for part in header.split(',').take(50) {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(Self::of_tag) else { continue };
            let quality = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if quality > 0 && best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, language));
            }
        }
        best.map_or(Self::ALL[0], |(_, language)| language)
    }

    /// The text of a key. A key that is not there shows as itself: a test sees to it that none is missing.
    pub fn text(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let Some(bundle) = BUNDLES.get(&self) else { return key.to_owned() };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set((*name).to_owned(), value.clone());
        }
        // What cannot be filled in shows as `{$name}`; the errors say no more than that.
        bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

/// `0.8` as 800; anything odd as 0.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), part.parse::<u32>()) {
        (Ok(whole @ 0..=1), Ok(part)) => (whole * 1000 + part).min(1000),
        _ => 0,
    }
}

static BUNDLES: LazyLock<HashMap<Language, FluentBundle<FluentResource>>> = LazyLock::new(|| {
    Language::ALL
        .into_iter()
        .map(|language| {
            let mut bundle = FluentBundle::new_concurrent(vec![language.tag().parse().unwrap_or_default()]);
            // Marks that isolate directions would end up in copied amounts and names; both languages are written left to right.
            bundle.set_use_isolating(false);
            for source in [language.source(), language.said()] {
                let resource = match FluentResource::try_new(source.to_owned()) {
                    Ok(resource) | Err((resource, _)) => resource,
                };
                bundle.add_resource_overriding(resource);
            }
            (language, bundle)
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Keys of a file with the names of the values each takes.
    fn keys(language: Language) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in language.source().lines().chain(language.said().lines()) {
            if let Some((name, _)) = line.split_once(" =")
                && line.starts_with(|c: char| c.is_ascii_lowercase())
            {
                key = name.to_owned();
                assert!(found.insert(key.clone(), Vec::new()).is_none(), "{key} is there twice");
            }
            for value in line.split('$').skip(1) {
                let name: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let names = found.entry(key.clone()).or_default();
                if !names.contains(&name) {
                    names.push(name);
                    names.sort();
                }
            }
        }
        found
    }

    #[test]
    fn every_language_has_the_same_keys_and_values() {
        let english = keys(Language::English);
        assert!(english.len() > 20);
        for language in Language::ALL {
            assert_eq!(keys(language), english, "{}", language.own_name());
            for source in [language.source(), language.said()] {
                assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{} parses", language.tag());
            }
        }
    }

    #[test]
    fn the_templates_name_only_keys_that_are_there() {
        let english = keys(Language::English);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("frame.t").skip(1) {
                let Some(rest) = call.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("(\"") else { continue };
                let key = rest.split('"').next().unwrap();
                assert!(english.contains_key(key), "{}: there is no text `{key}`", path.display());
                seen += 1;
            }
        }
        assert!(seen > 10, "the search would find them");
    }

    #[test]
    fn the_best_language_is_taken() {
        for (header, wanted) in [
            ("", Language::English),
            ("de-DE, es;q=0.8, en;q=0.7", Language::Spanish),
            ("es;q=0.1, en;q=0.1", Language::Spanish),
            ("en;q=0, es;q=0.001", Language::Spanish),
            ("es-MX", Language::Spanish),
            ("fr;q=x, *;q=9", Language::English),
        ] {
            assert_eq!(Language::of_header(header), wanted, "{header}");
        }
    }
}
