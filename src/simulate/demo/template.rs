//! Fills a picture's template: `{{name}}` is a value, escaped; `{{#rows}} … {{/rows}}` repeats for each row, whose values are all it
//! sees; `{{>part}}` is another template. A name nobody gave, and a value nobody asked for, are errors.

use std::collections::{BTreeMap, BTreeSet};

use super::text::escape;

/// Values of a template or of one row.
pub(super) type Values = BTreeMap<&'static str, String>;

/// What goes into a template.
#[derive(Debug, Clone, Default)]
pub(super) struct Filling {
    pub(super) values: Values,
    pub(super) rows: BTreeMap<&'static str, Vec<Values>>,
}

impl Filling {
    pub(super) fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.insert(name, value.to_string());
        self
    }

    pub(super) fn rows(mut self, name: &'static str, rows: Vec<Values>) -> Self {
        self.rows.insert(name, rows);
        self
    }
}

/// Why a template cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{name}}` without a value.
    #[error("the template asks for `{0}`, which was not given")]
    Missing(String),
    /// A value without its place.
    #[error("`{0}` was given, but the template has no place for it")]
    Unused(String),
    /// `{{` without `}}`, or a block without its end.
    #[error("the template breaks off at `{0}`")]
    Unclosed(String),
}

/// The filled text.
pub(super) fn fill(template: &str, parts: &[(&str, &str)], filling: &Filling) -> Result<String, TemplateError> {
    let mut whole = template.to_owned();
    for (name, text) in parts {
        whole = whole.replace(&format!("{{{{>{name}}}}}"), text);
    }
    let mut used = BTreeSet::new();
    let out = expand(&whole, &filling.values, &filling.rows, &mut used)?;
    let given = filling.values.keys().chain(filling.rows.keys());
    match given.copied().find(|name| !used.contains(*name)) {
        Some(name) => Err(TemplateError::Unused(name.to_owned())),
        None => Ok(out),
    }
}

fn expand(
    template: &str,
    values: &Values,
    rows: &BTreeMap<&'static str, Vec<Values>>,
    used: &mut BTreeSet<String>,
) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").ok_or_else(|| TemplateError::Unclosed(after.chars().take(30).collect()))?;
        rest = after;
        used.insert(name.trim_start_matches('#').to_owned());
        if let Some(block) = name.strip_prefix('#') {
            let end = format!("{{{{/{block}}}}}");
            let (body, after) = rest.split_once(end.as_str()).ok_or_else(|| TemplateError::Unclosed(block.to_owned()))?;
            rest = after;
            for row in rows.get(block).ok_or_else(|| TemplateError::Missing(block.to_owned()))? {
                let mut used_in_row = BTreeSet::new();
                out.push_str(&expand(body, row, &BTreeMap::new(), &mut used_in_row)?);
                if let Some(name) = row.keys().find(|name| !used_in_row.contains(**name)) {
                    return Err(TemplateError::Unused(format!("{block}.{name}")));
                }
            }
        } else {
            out.push_str(&escape(values.get(name).ok_or_else(|| TemplateError::Missing(name.to_owned()))?));
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_strictly() {
        let filling = Filling::default()
            .set("who", "<A&B>")
            .rows("r", vec![Values::from([("x", "1".into())]), Values::from([("x", "2".into())])]);
        let template = "{{>head}}{{who}}{{#r}}[{{x}}]{{/r}}";
        assert_eq!(fill(template, &[("head", "H ")], &filling).unwrap(), "H &lt;A&amp;B&gt;[1][2]");
        assert_eq!(fill("{{who}}", &[], &filling), Err(TemplateError::Unused("r".into())));
        assert_eq!(fill("{{#r}}{{y}}{{/r}}{{who}}", &[], &filling), Err(TemplateError::Missing("y".into())));
        assert_eq!(fill("{{#r}}-{{/r}}{{who}}", &[], &filling), Err(TemplateError::Unused("r.x".into())));
        assert_eq!(fill("{{who", &[], &filling), Err(TemplateError::Unclosed("who".into())));
        assert_eq!(fill("{{#r}}{{x}}", &[], &filling), Err(TemplateError::Unclosed("r".into())));
    }
}
