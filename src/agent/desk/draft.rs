//! The draft of a message about a case: a template for its kind and language, facts of the ledger, and what a person made of the words.
//! Nothing is sent from here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use quittance_rules::cases::{Case, Subject};
use quittance_rules::draft::{Draft, DraftLanguage, FactName, Piece, Templates, check, pieces};
use quittance_rules::journal::Change;
use quittance_rules::money::Money;
use quittance_rules::records::{CustomerId, ItemId};
use serde::Serialize;

use super::card::language_of;
use super::ports::DeskStore;
use crate::ports::{Clock, StoreError, StoredItem};
use crate::queue::{DecideError, Desk};

/// Version of the templates in `prompts/draft-message`.
const VERSION: &str = "v1";

static TEMPLATES: LazyLock<[Result<Templates, String>; 2]> = LazyLock::new(|| {
    [include_str!("../../../prompts/draft-message/v1.en.toml"), include_str!("../../../prompts/draft-message/v1.es.toml")]
        .map(|text| Templates::parse(text).map_err(|error| error.to_string()))
});

fn templates(language: DraftLanguage) -> Result<&'static Templates, StoreError> {
    let at = match language {
        DraftLanguage::English => 0,
        DraftLanguage::Spanish => 1,
    };
    TEMPLATES[at]
        .as_ref()
        .map_err(|error| StoreError::Unavailable(format!("the templates of drafts ({}): {error}", language.tag())))
}

/// A piece of a draft as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownPiece {
    /// The fact's name; `None` for words.
    pub fact: Option<&'static str>,
    /// The words, or what the ledger says now.
    pub text: String,
}

/// The draft of a case as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftView {
    /// The version saved last; 0 when none was.
    pub version: i64,
    /// Its language.
    pub language: DraftLanguage,
    /// The template it is made of: version and name.
    pub template: String,
    /// The text, facts by name.
    pub text: String,
    /// The same, with what the ledger says.
    pub pieces: Vec<ShownPiece>,
    /// Who saved it last.
    pub saved_by: Option<String>,
    /// Whether the text is the template's.
    pub is_template: bool,
}

/// What the ledger says about a case, in words of a language.
async fn facts<S: DeskStore>(store: &S, case: &Case, language: DraftLanguage) -> Result<BTreeMap<FactName, String>, StoreError> {
    let mut facts = BTreeMap::from([(FactName::Case, case.id.to_string())]);
    if let Some(id) = &case.entity
        && let Some(entity) = store.entities().await?.into_iter().find(|entity| entity.id == *id)
    {
        facts.insert(FactName::Entity, entity.name);
    }
    let mut remaining: Option<Money> = None;
    if let Subject::Payment(id) | Subject::Return(id) = &case.subject
        && let Some(payment) = store.payment(id).await?
    {
        let line = &payment.line.line;
        let amount = if line.amount.is_negative() { line.amount.checked_neg().unwrap_or(line.amount) } else { line.amount };
        facts.insert(FactName::Amount, language.amount(amount));
        if let Some(day) = line.booking_date.or(line.value_date) {
            facts.insert(FactName::BookingDate, language.day(day));
        }
        remaining = (!payment.balance.remaining.is_zero()).then_some(payment.balance.remaining);
    }
    let (items, customer) = about(store, case).await?;
    if let Some(customer) = customer
        && let Some(customer) = store.customer(&customer).await?
    {
        facts.insert(FactName::Customer, customer.name);
    }
    if !items.is_empty() {
        let numbers: Vec<&str> = items.iter().map(|item| item.item.number.as_str()).collect();
        facts.insert(FactName::Invoice, numbers.join(", "));
        if let Some(due) = items.iter().map(|item| item.item.due_date).min() {
            facts.insert(FactName::DueDate, language.day(due));
        }
        let mut sum = Some(items[0].balance.open);
        for item in &items[1..] {
            sum = sum.and_then(|sum| sum.checked_add(item.balance.open));
        }
        if let Some(open) = sum {
            facts.insert(FactName::OpenAmount, language.amount(open));
            if let Some(difference) = remaining.and_then(|paid| paid.checked_sub(open)).filter(|difference| !difference.is_zero())
            {
                let size = difference.checked_abs().unwrap_or(difference);
                facts.insert(FactName::Difference, language.amount(size));
            }
        }
    }
    // A name from outside must not read like a fact.
    for value in facts.values_mut() {
        value.retain(|c| !c.is_control());
    }
    Ok(facts)
}

/// Most items a letter names.
const ITEMS_MAX: usize = 50;

/// The items of the best answer, and the customer they are of. What several customers would pay together is nobody's letter.
async fn about<S: DeskStore>(store: &S, case: &Case) -> Result<(Vec<StoredItem>, Option<CustomerId>), StoreError> {
    let mut ids: Vec<ItemId> = Vec::new();
    let mut customers: Vec<CustomerId> = Vec::new();
    if let Subject::Item(id) = &case.subject {
        ids.push(id.clone());
    }
    for entry in case.candidates.first().map(|candidate| candidate.entries.as_slice()).unwrap_or_default() {
        ids.extend(entry.item.clone());
        customers.extend(entry.customer.clone());
    }
    // In the order of the answer, each once: an item named twice would be counted twice.
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    // A sum over some of them would be a wrong fact; then the letter names none.
    if ids.len() > ITEMS_MAX {
        return Ok((Vec::new(), None));
    }
    let mut items = Vec::new();
    for id in &ids {
        if let Some(item) = store.item(id).await? {
            customers.push(item.item.customer.clone());
            items.push(item);
        }
    }
    customers.sort();
    customers.dedup();
    match customers.as_slice() {
        [one] => Ok((items, Some(one.clone()))),
        [] => Ok((items, None)),
        _ => Ok((Vec::new(), None)),
    }
}

fn shown(text: &str, facts: &BTreeMap<FactName, String>) -> Vec<ShownPiece> {
    // What was saved was taken apart before; a row that was tampered with is shown as words.
    let Ok(pieces) = pieces(text) else { return vec![ShownPiece { fact: None, text: text.to_owned() }] };
    let shown = pieces.into_iter().map(|piece| match piece {
        Piece::Words(words) => ShownPiece { fact: None, text: words.to_owned() },
        Piece::Fact(fact) => ShownPiece {
            fact: Some(fact.name()),
            // A fact that the ledger does not know any more is named, so that nobody sends a gap.
            text: facts.get(&fact).cloned().unwrap_or_else(|| format!("({})", fact.name())),
        },
    });
    shown.collect()
}

/// The language of letters to the customer of a case, where its country tells one that drafts are written in.
async fn usual_language<S: DeskStore>(store: &S, case: &Case) -> Result<DraftLanguage, StoreError> {
    let (_, customer) = about(store, case).await?;
    let country = match customer {
        Some(id) => store.customer(&id).await?.and_then(|customer| customer.country),
        None => None,
    };
    let tag = country.as_deref().and_then(language_of).unwrap_or_default();
    Ok(DraftLanguage::parse(tag).unwrap_or(DraftLanguage::ALL[0]))
}

/// The draft of a case: the one saved last, or the template of its kind. In another language than the saved one it is that language's
/// template. `fresh` gives the template, whatever was saved.
///
/// # Errors
/// Of the store.
pub async fn draft<S: DeskStore>(
    store: &S,
    case: &Case,
    language: Option<DraftLanguage>,
    fresh: bool,
) -> Result<DraftView, StoreError> {
    let saved = store.draft(case.id).await?;
    let language = match (language, &saved) {
        (Some(language), _) => language,
        (None, Some(saved)) => saved.language,
        (None, None) => usual_language(store, case).await?,
    };
    let facts = facts(store, case, language).await?;
    let version = saved.as_ref().map_or(0, |saved| saved.version);
    let saved_by = saved.as_ref().map(|saved| saved.by.clone());
    if let Some(saved) = saved.filter(|saved| saved.language == language && !fresh) {
        let pieces = shown(&saved.text, &facts);
        let template = saved.template;
        return Ok(DraftView { version, language, template, text: saved.text, pieces, saved_by, is_template: false });
    }
    let (name, text) = templates(language)?.choose(case.kind, &facts);
    Ok(DraftView {
        version,
        language,
        template: format!("{VERSION}/{name}"),
        text: text.to_owned(),
        pieces: shown(text, &facts),
        saved_by,
        is_template: true,
    })
}

/// Saves a draft. Every fact of its template must be in it as it was, and `seen` must be the version saved last (0: none).
///
/// # Errors
/// What is wrong with the text, or that somebody else saved meanwhile.
pub async fn save<S: DeskStore, C: Clock>(
    store: &S,
    clock: &C,
    by: &str,
    case: &Case,
    seen: i64,
    language: DraftLanguage,
    text: &str,
) -> Result<Draft, DecideError> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let saved = store.draft(case.id).await?;
    let version = saved.as_ref().map_or(0, |saved| saved.version);
    if version != seen {
        let who = saved.map_or_else(String::new, |saved| format!(" by {}", saved.by));
        return Err(StoreError::Conflict(format!("the draft of case {} (version {version} was saved{who})", case.id)).into());
    }
    let facts = facts(store, case, language).await?;
    let templates = templates(language)?;
    let (chosen, chosen_text) = templates.choose(case.kind, &facts);
    let chosen = format!("{VERSION}/{chosen}");
    // A saved draft keeps its template; the one for the case now serves too, for whoever took it again.
    let kept = saved.filter(|saved| saved.language == language).and_then(|saved| {
        let name = saved.template.strip_prefix(VERSION)?.strip_prefix('/')?.to_owned();
        Some((templates.named(&name)?, saved.template))
    });
    let template = match (kept, check(text, chosen_text)) {
        (_, Ok(())) => chosen,
        (Some((kept_text, kept)), Err(_)) => {
            check(text, kept_text).map_err(|error| DecideError::Unfit(error.to_string()))?;
            kept
        }
        (None, Err(error)) => return Err(DecideError::Unfit(error.to_string())),
    };
    let at = clock.now();
    let draft = Draft {
        case: case.id,
        version: version.saturating_add(1),
        language,
        template,
        text: text.to_owned(),
        by: by.to_owned(),
        at: jiff::Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at),
    };
    let desk = Desk { store, clock, by };
    desk.apply(vec![Change::DraftSet(draft.clone())]).await?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::exceptions::ExceptionKind;
    use sha2::{Digest as _, Sha256};

    /// Every kind has a text in every language, whatever is known; and the languages have the same facts, so that one can be changed for
    /// another.
    #[test]
    fn every_kind_has_a_template_in_every_language() {
        let all: BTreeMap<FactName, String> = FactName::ALL.iter().map(|fact| (*fact, "x".to_owned())).collect();
        for kind in ExceptionKind::ALL {
            for known in [all.clone(), BTreeMap::from([(FactName::Case, "1".to_owned())])] {
                let texts = DraftLanguage::ALL.map(|language| {
                    let (name, text) = templates(language).expect("it ships with the program").choose(*kind, &known);
                    assert!(!text.is_empty() && check(text, text).is_ok(), "{kind:?}");
                    (name, text)
                });
                assert_eq!(texts[0].0, texts[1].0, "{kind:?}");
                assert!(check(texts[0].1, texts[1].1).is_ok(), "{kind:?}: the languages have other facts");
            }
        }
    }

    /// A released version stays as it is: a change is a new version.
    #[test]
    fn released_templates_have_not_changed() {
        let mut hash = Sha256::new();
        for text in
            [include_str!("../../../prompts/draft-message/v1.en.toml"), include_str!("../../../prompts/draft-message/v1.es.toml")]
        {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        assert_eq!(hex::encode(hash.finalize()), "c4b5e6e6f852438b2c5fb9a3047205437033af6c5cc1d5789b89360d30cc28ad");
    }
}
