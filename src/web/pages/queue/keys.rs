//! The keys: one map, from which the script acts and the sheet is made. A person may switch them off or give actions other keys.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Sent, sent};
use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::session::Session;
use crate::state::{Desk, Web};

/// One action with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The name by which the script knows it.
    pub action: &'static str,
    /// The key: what `KeyboardEvent.key` says; `Mod+` for Ctrl or Cmd; two with a space are pressed one after the other.
    pub key: String,
    /// Where it works: `everywhere`, `list`, `case`.
    pub place: &'static str,
}

/// Every action in the order of the sheet: name, usual key, place.
pub const ACTIONS: &[(&str, &str, &str)] = &[
    ("down", "j", "everywhere"),
    ("up", "k", "everywhere"),
    ("open", "Enter", "list"),
    ("select", "x", "list"),
    ("select-range", "X", "list"),
    ("candidate-1", "1", "case"),
    ("candidate-2", "2", "case"),
    ("candidate-3", "3", "case"),
    ("candidate-4", "4", "case"),
    ("candidate-5", "5", "case"),
    ("approve", "e", "case"),
    ("confirm", "Mod+Enter", "everywhere"),
    ("reject", "r", "case"),
    ("split", "b", "case"),
    ("keep", "p", "case"),
    ("take", "t", "case"),
    ("assign", "a", "case"),
    ("snooze", "s", "case"),
    ("note", "n", "case"),
    ("original", "o", "case"),
    ("undo", "z", "everywhere"),
    ("back", "u", "case"),
    ("search", "/", "everywhere"),
    ("palette", "Mod+k", "everywhere"),
    ("sheet", "?", "everywhere"),
    ("go-start", "g s", "everywhere"),
    ("go-queue", "g q", "everywhere"),
    ("go-customers", "g c", "everywhere"),
    ("go-evidence", "g e", "everywhere"),
    ("go-imports", "g i", "everywhere"),
    ("go-policy", "g p", "everywhere"),
    ("go-audit", "g l", "everywhere"),
    ("go-users", "g u", "everywhere"),
];

/// What a person has set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Own {
    #[serde(default)]
    off: bool,
    #[serde(default)]
    keys: BTreeMap<String, String>,
}

/// The keys of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    /// Single keys do nothing; what needs Ctrl or Cmd still works.
    pub is_off: bool,
    /// Every action, in the order of the sheet.
    pub keys: Vec<Key>,
}

impl KeyMap {
    /// The keys of a person.
    pub async fn of<S: Desk>(web: &Web<S>, user: &str) -> Result<Self, WebError> {
        let kept = web.store.settings(user, "keys").await?;
        let own = kept.first().and_then(|(_, value)| serde_json::from_str(value).ok()).unwrap_or_default();
        Ok(Self::with(&own))
    }

    fn with(own: &Own) -> Self {
        let keys = ACTIONS
            .iter()
            .map(|(action, key, place)| Key {
                action,
                key: own.keys.get(*action).cloned().unwrap_or_else(|| (*key).to_owned()),
                place,
            })
            .collect();
        Self { is_off: own.off, keys }
    }

    /// As the script reads it.
    pub fn json(&self) -> String {
        serde_json::to_string(&self.keys).unwrap_or_default()
    }

    /// The key of an action, for the hint beside its button.
    pub fn of_action(&self, action: &str) -> String {
        let found = self.keys.iter().find(|key| key.action == action);
        found.map(|key| shown(&key.key)).unwrap_or_default()
    }

    /// The actions of a place with their keys.
    pub fn in_place(&self, place: &str) -> Vec<(&'static str, String)> {
        self.keys.iter().filter(|key| key.place == place).map(|key| (key.action, shown(&key.key))).collect()
    }
}

/// A key as people read it.
fn shown(key: &str) -> String {
    key.replace("Mod+", "Ctrl ").replace("Enter", "↵")
}

/// Whether a text is a key the script can listen for: one sign, a named key, either with `Mod+`, or two signs one after the other.
fn is_key(text: &str) -> bool {
    let one = |text: &str| {
        let bare = text.strip_prefix("Mod+").unwrap_or(text);
        let mut signs = bare.chars();
        let is_sign = signs.next().is_some_and(|c| !c.is_whitespace() && !c.is_control()) && signs.next().is_none();
        is_sign || matches!(bare, "Enter" | "Home" | "End" | "PageUp" | "PageDown" | "Delete" | "Backspace")
    };
    match text.split_once(' ') {
        Some((first, second)) => one(first) && one(second) && !text.contains("Mod+"),
        None => one(text),
    }
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    frame: Frame,
    keys: KeyMap,
}

impl KeysPage {
    fn usual(&self, key: &Key) -> &'static str {
        ACTIONS.iter().find(|(action, _, _)| *action == key.action).map_or("", |(_, usual, _)| usual)
    }
}

/// The page on which keys are set.
pub(super) async fn show<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let keys = KeyMap::of(&web, session.user.id.as_str()).await?;
    page(&KeysPage { frame: web.frame(&session, "queue"), keys })
}

#[derive(Template)]
#[template(path = "keys_sheet.html")]
struct KeysSheet {
    frame: Frame,
    keys: KeyMap,
}

/// The keys with their sheet and the palette, for a page that is none of the queue's: a part of a page.
pub(super) async fn sheet<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let keys = KeyMap::of(&web, session.user.id.as_str()).await?;
    page(&KeysSheet { frame: web.frame(&session, "queue"), keys })
}

/// Keeps the keys of a person. Two actions of one place cannot have the same key.
pub(super) async fn keep<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    form: Sent<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    let own = parse(&form)?;
    let json = serde_json::to_string(&own).map_err(WebError::internal)?;
    web.store.set(session.user.id.as_str(), "keys", Some(&json)).await?;
    see_other("/queue/keys")
}

fn parse(form: &[(String, String)]) -> Result<Own, WebError> {
    let mut own = Own { off: form.iter().any(|(name, value)| name == "off" && value == "1"), ..Own::default() };
    for (name, value) in form {
        let value = value.trim();
        let Some((action, usual, _)) = ACTIONS.iter().find(|(action, _, _)| action == name) else { continue };
        if value.is_empty() || value == *usual {
            continue;
        }
        if !is_key(value) {
            let shown: String = value.chars().take(20).collect();
            return Err(WebError::invalid(
                "keys",
                format!("`{shown}` for {action} is no key: write one sign, Enter, Mod+k, or `g q`"),
            ));
        }
        own.keys.insert((*action).to_owned(), value.to_owned());
    }
    let map = KeyMap::with(&own);
    for (at, key) in map.keys.iter().enumerate() {
        let clash = map.keys.iter().skip(at + 1).find(|other| {
            other.key == key.key && (other.place == key.place || other.place == "everywhere" || key.place == "everywhere")
        });
        if let Some(other) = clash {
            return Err(WebError::invalid("keys", format!("`{}` is the key of {} and of {}", key.key, key.action, other.action)));
        }
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Result<Own, WebError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        parse(&pairs)
    }

    #[test]
    fn the_usual_keys_do_not_clash_and_are_keys() {
        assert_eq!(form(&[]).unwrap(), Own::default());
        assert!(ACTIONS.iter().all(|(_, key, _)| is_key(key)));
    }

    #[test]
    fn keys_are_changed_and_clashes_refused() {
        let own = form(&[("approve", "y"), ("off", "1"), ("undo", "z")]).unwrap();
        assert!(own.off && own.keys.len() == 1 && own.keys["approve"] == "y");
        for (pairs, wanted) in [
            (&[("approve", "j")][..], "down and of approve"),
            (&[("approve", "yy")], "no key"),
            (&[("approve", " \u{7} ")], "no key"),
            (&[("approve", "g s")], "go-start"),
        ] {
            let error = form(pairs).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        // The same key in two places that are never on one page is fine.
        assert!(form(&[("approve", "x")]).is_ok());
    }
}
