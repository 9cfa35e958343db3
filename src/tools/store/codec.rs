//! Domain types to columns and back. A row is a border: what does not parse is an error naming table, row and column.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_agent::ports::StoreError;
use quittance_rules::bank::StatementLine;
use quittance_rules::cases::{Actor, Case, CaseState, Decision, InputDigest, Subject};
use quittance_rules::draft::Draft;
use quittance_rules::evidence::Confidence;
use quittance_rules::journal::{AuditEntry, BankLine, Change, EvidenceRecord, Input};
use quittance_rules::ledger::{CaseId, DecisionId, ItemBalance, PaymentBalance, Posting, PostingId};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId, ImportProfile, ItemId, OpenItem, PaymentId};
use quittance_rules::users::{ApiToken, External, Passkey, PasskeyState, User, UserId};
use quittance_rules::work::{Lease, Note, Proposal};
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::value::{Error as NameError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::engine::{Result, Row, Value};
use super::tables::{self, Reader, Table};

/// The row a change leaves behind: its table and the values of its columns. `None` only for a value that has no JSON.
pub(super) fn row_of(change: &Change) -> Result<(&'static Table, Row)> {
    Ok(match change {
        Change::EntitySet(entity) => (tables::ENTITIES, entity_row(entity)),
        Change::AccountSet { account, entity, currency } => (
            tables::ACCOUNTS,
            vec![account.as_str().into(), entity.as_str().into(), currency.map(|c| c.code().to_owned()).into()],
        ),
        Change::InputReceived(input) => (tables::INPUTS, input_row(input)?),
        Change::InputTaken { digest, added, known, problems } => (
            tables::INPUTS_TAKEN,
            vec![digest.0.as_str().into(), count(*added)?.into(), count(*known)?.into(), count(*problems)?.into()],
        ),
        Change::CustomerSet(customer) => (tables::CUSTOMERS, customer_row(customer)?),
        Change::ItemAdded(item) | Change::ItemDetailsSet(item) => (tables::ITEMS, item_row(item)?),
        Change::LineBooked(line) => (tables::BANK_LINES, line_row(line)),
        Change::LineFound { input, key } => {
            (tables::LINES_FOUND, vec![format!("{}:{key}", input.0).into(), input.0.as_str().into(), key.as_str().into()])
        }
        Change::EvidenceRead(record) => (tables::EVIDENCE, evidence_row(record)?),
        Change::ModelAsked(call) => (tables::MODEL_CALLS, super::model_calls::call_row(call)?),
        Change::Decided(decision) => (tables::DECISIONS, decision_row(decision)?),
        Change::Posted(posting) => (tables::POSTINGS, posting_row(posting)),
        Change::CaseOpened(case) | Change::CaseChanged(case) => (tables::CASES, case_row(case)?),
        Change::AliasSet(alias) => (tables::ALIASES, super::aliases::row(alias)),
        Change::CaseLeased(lease) => (tables::CASE_LEASES, lease_row(lease)),
        Change::Noted(note) => (tables::CASE_NOTES, note_row(note)?),
        Change::Proposed(proposal) => (tables::CASE_PROPOSALS, proposal_row(proposal)?),
        Change::PolicyPublished { version, text } => (tables::POLICIES, vec![version.as_str().into(), text.as_str().into()]),
        Change::UserSet(user) => (tables::USERS, user_row(user)?),
        Change::CredentialsSet(record) => {
            (tables::CREDENTIALS, vec![record.user.as_str().into(), record.digest.as_str().into(), record.what.as_str().into()])
        }
        Change::TokenSet(token) => (tables::API_TOKENS, token_row(token)?),
        Change::ProfileSet(profile) => (
            tables::IMPORT_PROFILES,
            vec![
                profile.name.as_str().into(),
                profile.version.into(),
                profile.entity.as_ref().map(|id| id.as_str().to_owned()).into(),
                profile.text.as_str().into(),
                profile.is_on.into(),
            ],
        ),
        Change::PasskeySet(passkey) => (tables::PASSKEYS, passkey_row(passkey)),
        Change::DraftSet(draft) => (tables::CASE_DRAFTS, draft_row(draft)?),
        Change::WebhookSet(endpoint) => (tables::WEBHOOK_ENDPOINTS, super::webhooks::endpoint_row(endpoint)?),
    })
}

pub(super) fn count(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Unavailable(format!("{number} is larger than the database can count")))
}

/// JSON text of a value.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(format!("a value has no JSON form: {error}")))
}

/// The serialised name of a plain enum variant: `credit_note`.
pub(super) fn name_of<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(other) => Err(StoreError::Unavailable(format!("{other} is not a plain name"))),
        Err(error) => Err(StoreError::Unavailable(format!("a value has no name: {error}"))),
    }
}

/// A plain enum variant from its serialised name.
pub(super) fn named<T: DeserializeOwned>(name: &str) -> std::result::Result<T, NameError> {
    let deserializer: StrDeserializer<'_, NameError> = name.into_deserializer();
    T::deserialize(deserializer)
}

fn parse_json<T: DeserializeOwned>(text: &str) -> std::result::Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

/// One spelling per value (`2.5`, never `2.50`), so that equal rates are equal rows.
fn decimal(value: &Option<Decimal>) -> Value {
    value.map(|number| number.normalize().to_string()).into()
}

fn date(value: Option<Date>) -> Value {
    value.map(|day| day.to_string()).into()
}

fn money(value: Money) -> [Value; 2] {
    [value.minor().into(), value.currency().code().into()]
}

fn opt_money(value: Option<Money>) -> [Value; 2] {
    [value.map(Money::minor).into(), value.map(|m| m.currency().code().to_owned()).into()]
}

fn read_money(row: &mut Reader) -> Result<Money> {
    let minor = row.int()?;
    Ok(Money::new(minor, row.parse(Currency::parse)?))
}

pub(super) fn read_opt_money(row: &mut Reader) -> Result<Option<Money>> {
    let minor = row.opt_int()?;
    let currency = row.opt_parse(Currency::parse)?;
    match (minor, currency) {
        (Some(minor), Some(currency)) => Ok(Some(Money::new(minor, currency))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(row.bad("amount and currency must be given together")),
    }
}

pub(super) fn read_instant(row: &mut Reader) -> Result<Timestamp> {
    let microseconds = row.int()?;
    Timestamp::from_microsecond(microseconds).map_err(|error| row.bad(error))
}

fn entity_row(entity: &Entity) -> Row {
    vec![
        entity.id.as_str().into(),
        entity.name.as_str().into(),
        entity.base_currency.code().into(),
        entity.time_zone.as_str().into(),
    ]
}

pub(super) fn read_entity(row: Row) -> Result<Entity> {
    let row = &mut Reader::new(tables::ENTITIES, row);
    Ok(Entity {
        id: row.parse(EntityId::parse)?,
        name: row.text()?,
        base_currency: row.parse(Currency::parse)?,
        time_zone: row.text()?,
    })
}

pub(super) fn read_account(row: Row) -> Result<(String, (EntityId, Option<Currency>))> {
    let row = &mut Reader::new(tables::ACCOUNTS, row);
    Ok((row.text()?, (row.parse(EntityId::parse)?, row.opt_parse(Currency::parse)?)))
}

fn customer_row(customer: &Customer) -> Result<Row> {
    Ok(vec![
        customer.id.as_str().into(),
        customer.name.as_str().into(),
        json(&customer.aliases)?.into(),
        customer.country.clone().into(),
        customer.currency.map(|c| c.code().to_owned()).into(),
        customer.iban.clone().into(),
        customer.parent_id.as_ref().map(|id| id.as_str().to_owned()).into(),
        decimal(&customer.withholding_percent),
        decimal(&customer.tolerance),
        json(&customer.emails)?.into(),
    ])
}

pub(super) fn read_customer(row: Row) -> Result<Customer> {
    let row = &mut Reader::new(tables::CUSTOMERS, row);
    Ok(Customer {
        id: row.parse(CustomerId::parse)?,
        name: row.text()?,
        aliases: row.parse(parse_json)?,
        country: row.opt_text()?,
        currency: row.opt_parse(Currency::parse)?,
        iban: row.opt_text()?,
        parent_id: row.opt_parse(CustomerId::parse)?,
        withholding_percent: row.opt_parse(Decimal::from_str)?,
        tolerance: row.opt_parse(Decimal::from_str)?,
        emails: row.parse(parse_json)?,
    })
}

fn item_row(item: &OpenItem) -> Result<Row> {
    let [amount_minor, currency] = money(item.amount);
    let [contract_minor, contract_currency] = opt_money(item.contract_amount);
    Ok(vec![
        item.id.as_str().into(),
        item.customer.as_str().into(),
        item.entity.as_str().into(),
        item.number.as_str().into(),
        name_of(&item.kind)?.into(),
        date(Some(item.issue_date)),
        date(Some(item.due_date)),
        amount_minor,
        currency,
        decimal(&item.discount_percent),
        date(item.discount_until),
        item.on_hold.into(),
        contract_minor,
        contract_currency,
    ])
}

pub(super) fn read_item(row: Row) -> Result<OpenItem> {
    let row = &mut Reader::new(tables::ITEMS, row);
    Ok(OpenItem {
        id: row.parse(ItemId::parse)?,
        customer: row.parse(CustomerId::parse)?,
        entity: row.parse(EntityId::parse)?,
        number: row.text()?,
        kind: row.parse(named)?,
        issue_date: row.parse(Date::from_str)?,
        due_date: row.parse(Date::from_str)?,
        amount: read_money(row)?,
        discount_percent: row.opt_parse(Decimal::from_str)?,
        discount_until: row.opt_parse(Date::from_str)?,
        on_hold: row.flag()?,
        contract_amount: read_opt_money(row)?,
    })
}

pub(super) fn item_balance_row(id: &ItemId, balance: ItemBalance) -> Row {
    let [billed, currency] = money(balance.billed);
    vec![id.as_str().into(), currency, billed, balance.open.minor().into()]
}

pub(super) fn read_item_balance(row: Row) -> Result<(ItemId, ItemBalance)> {
    let row = &mut Reader::new(tables::ITEM_BALANCES, row);
    let id = row.parse(ItemId::parse)?;
    let currency = row.parse(Currency::parse)?;
    Ok((id, ItemBalance { billed: Money::new(row.int()?, currency), open: Money::new(row.int()?, currency) }))
}

pub(super) fn payment_balance_row(id: &PaymentId, balance: PaymentBalance) -> Row {
    let [received, currency] = money(balance.received);
    vec![id.as_str().into(), currency, received, balance.remaining.minor().into()]
}

pub(super) fn read_payment_balance(row: Row) -> Result<(PaymentId, PaymentBalance)> {
    let row = &mut Reader::new(tables::PAYMENT_BALANCES, row);
    let id = row.parse(PaymentId::parse)?;
    let currency = row.parse(Currency::parse)?;
    Ok((id, PaymentBalance { received: Money::new(row.int()?, currency), remaining: Money::new(row.int()?, currency) }))
}

fn input_row(input: &Input) -> Result<Row> {
    Ok(vec![input.digest.0.as_str().into(), input.kind.name().into(), input.name.as_str().into(), count(input.size)?.into()])
}

pub(super) fn read_input(row: Row) -> Result<Input> {
    let row = &mut Reader::new(tables::INPUTS, row);
    let digest = row.parse(InputDigest::parse)?;
    let kind = row.parse(named)?;
    let name = row.text()?;
    let size = row.int()?;
    let size = u64::try_from(size).map_err(|_| row.bad(format!("{size} is negative")))?;
    Ok(Input { digest, kind, name, size })
}

fn line_row(booked: &BankLine) -> Row {
    let line = &booked.line;
    let [amount_minor, currency] = money(line.amount);
    let [fee_minor, fee_currency] = opt_money(line.fee);
    let [original_minor, original_currency] = opt_money(line.original_amount);
    vec![
        booked.key.as_str().into(),
        booked.payment.as_str().into(),
        booked.entity.as_str().into(),
        booked.account.as_str().into(),
        booked.input.0.as_str().into(),
        date(line.booking_date),
        date(line.value_date),
        amount_minor,
        currency,
        line.counterparty_name.clone().into(),
        line.counterparty_account.clone().into(),
        line.remittance.clone().into(),
        line.structured_reference.clone().into(),
        line.end_to_end_id.clone().into(),
        line.bank_reference.clone().into(),
        line.transaction_code.clone().into(),
        line.is_return.into(),
        line.is_booked.into(),
        fee_minor,
        fee_currency,
        original_minor,
        original_currency,
        line.place.as_str().into(),
    ]
}

pub(super) fn read_line(row: Row) -> Result<BankLine> {
    let row = &mut Reader::new(tables::BANK_LINES, row);
    let key = row.text()?;
    let payment = row.parse(PaymentId::parse)?;
    let entity = row.parse(EntityId::parse)?;
    let account = row.text()?;
    let input = row.parse(InputDigest::parse)?;
    let line = StatementLine {
        booking_date: row.opt_parse(Date::from_str)?,
        value_date: row.opt_parse(Date::from_str)?,
        amount: read_money(row)?,
        counterparty_name: row.opt_text()?,
        counterparty_account: row.opt_text()?,
        remittance: row.opt_text()?,
        structured_reference: row.opt_text()?,
        end_to_end_id: row.opt_text()?,
        bank_reference: row.opt_text()?,
        transaction_code: row.opt_text()?,
        is_return: row.flag()?,
        is_booked: row.flag()?,
        fee: read_opt_money(row)?,
        original_amount: read_opt_money(row)?,
        place: row.text()?,
    };
    Ok(BankLine { key, payment, entity, account, input, line })
}

fn evidence_row(record: &EvidenceRecord) -> Result<Row> {
    Ok(vec![
        record.digest.0.as_str().into(),
        record.reading.as_ref().map(|digest| digest.0.clone()).into(),
        name_of(&record.kind)?.into(),
        i64::from(record.kind_confidence.millionths()).into(),
        if record.marks.is_empty() { None } else { Some(json(&record.marks)?) }.into(),
    ])
}

pub(super) fn read_evidence(row: Row) -> Result<EvidenceRecord> {
    let row = &mut Reader::new(tables::EVIDENCE, row);
    let digest = row.parse(InputDigest::parse)?;
    let reading = row.opt_parse(InputDigest::parse)?;
    let kind = row.parse(named)?;
    let millionths = row.int()?;
    let kind_confidence = u32::try_from(millionths)
        .ok()
        .filter(|millionths| *millionths <= 1_000_000)
        .map(Confidence::from_millionths)
        .ok_or_else(|| row.bad(format!("{millionths} is not between 0 and 1000000")))?;
    let marks = row.opt_parse(parse_json)?.unwrap_or_default();
    Ok(EvidenceRecord { digest, reading, kind, kind_confidence, marks })
}

fn user_row(user: &User) -> Result<Row> {
    Ok(vec![
        user.id.as_str().into(),
        user.name.as_str().into(),
        user.email.clone().into(),
        user.language.clone().into(),
        json(&user.grants)?.into(),
        user.external.as_ref().map(|external| external.issuer.clone()).into(),
        user.external.as_ref().map(|external| external.subject.clone()).into(),
        user.is_disabled.into(),
    ])
}

pub(super) fn read_user(row: Row) -> Result<User> {
    let row = &mut Reader::new(tables::USERS, row);
    Ok(User {
        id: row.parse(UserId::parse)?,
        name: row.text()?,
        email: row.opt_text()?,
        language: row.opt_text()?,
        grants: row.parse(parse_json)?,
        external: match (row.opt_text()?, row.opt_text()?) {
            (Some(issuer), Some(subject)) => Some(External { issuer, subject }),
            (None, None) => None,
            _ => return Err(row.bad("an issuer and a subject go together")),
        },
        is_disabled: row.flag()?,
    })
}

fn token_row(token: &ApiToken) -> Result<Row> {
    Ok(vec![
        token.id.as_str().into(),
        token.user.as_str().into(),
        token.name.as_str().into(),
        json(&token.scopes)?.into(),
        token.hash.as_str().into(),
        token.made_at.as_microsecond().into(),
        token.expires_at.map(Timestamp::as_microsecond).into(),
        token.revoked_at.map(Timestamp::as_microsecond).into(),
    ])
}

pub(super) fn read_token(row: Row) -> Result<ApiToken> {
    let row = &mut Reader::new(tables::API_TOKENS, row);
    Ok(ApiToken {
        id: row.text()?,
        user: row.parse(UserId::parse)?,
        name: row.text()?,
        scopes: row.parse(parse_json)?,
        hash: row.text()?,
        made_at: read_instant(row)?,
        expires_at: read_opt_instant(row)?,
        revoked_at: read_opt_instant(row)?,
    })
}

fn passkey_row(passkey: &Passkey) -> Row {
    let (state, ended_at) = match passkey.state {
        PasskeyState::On => ("on", None),
        PasskeyState::Removed { at } => ("removed", Some(at)),
        PasskeyState::Copied { at } => ("copied", Some(at)),
    };
    vec![
        passkey.id.as_str().into(),
        passkey.user.as_str().into(),
        passkey.handle.as_str().into(),
        passkey.name.as_str().into(),
        passkey.public_key.as_str().into(),
        passkey.made_at.as_microsecond().into(),
        state.into(),
        ended_at.map(Timestamp::as_microsecond).into(),
    ]
}

pub(super) fn read_passkey(row: Row) -> Result<Passkey> {
    let row = &mut Reader::new(tables::PASSKEYS, row);
    Ok(Passkey {
        id: row.text()?,
        user: row.parse(UserId::parse)?,
        handle: row.text()?,
        name: row.text()?,
        public_key: row.text()?,
        made_at: read_instant(row)?,
        state: {
            let state = row.text()?;
            match (state.as_str(), read_opt_instant(row)?) {
                ("on", None) => PasskeyState::On,
                ("removed", Some(at)) => PasskeyState::Removed { at },
                ("copied", Some(at)) => PasskeyState::Copied { at },
                (state, _) => return Err(row.bad(format!("state `{state}` does not go with it"))),
            }
        },
    })
}

fn read_opt_instant(row: &mut Reader) -> Result<Option<Timestamp>> {
    match row.opt_int()? {
        None => Ok(None),
        Some(micros) => Timestamp::from_microsecond(micros).map(Some).map_err(|error| row.bad(error)),
    }
}

/// The two columns of a subject.
pub(super) fn subject(subject: &Subject) -> [Value; 2] {
    let (kind, id) = match subject {
        Subject::Payment(id) => ("payment", id.as_str()),
        Subject::Return(id) => ("return", id.as_str()),
        Subject::Evidence(digest) => ("evidence", digest.0.as_str()),
        Subject::Input(digest) => ("input", digest.0.as_str()),
        Subject::Item(id) => ("item", id.as_str()),
    };
    [kind.into(), id.into()]
}

fn read_subject(row: &mut Reader) -> Result<Subject> {
    let kind = row.text()?;
    match kind.as_str() {
        "payment" => Ok(Subject::Payment(row.parse(PaymentId::parse)?)),
        "return" => Ok(Subject::Return(row.parse(PaymentId::parse)?)),
        // A file that could not be read may be named by something that is no digest of ours: taken as it stands.
        "evidence" => Ok(Subject::Evidence(InputDigest(row.text()?))),
        "input" => Ok(Subject::Input(InputDigest(row.text()?))),
        "item" => Ok(Subject::Item(row.parse(ItemId::parse)?)),
        other => Err(row.bad(format!("`{other}` is no kind of subject"))),
    }
}

fn case_row(case: &Case) -> Result<Row> {
    let [subject_kind, subject_id] = subject(&case.subject);
    let [amount_minor, currency] = opt_money(case.amount);
    let (assigned_to, snoozed_until, resolved_by, snoozed_owner) = match &case.state {
        CaseState::Open => (None, None, None, None),
        CaseState::Assigned { to } => (Some(to.clone()), None, None, None),
        CaseState::Snoozed { until, owner } => (None, Some(*until), None, owner.clone()),
        CaseState::Resolved { decision } => (None, None, Some(decision.0), None),
    };
    Ok(vec![
        case.id.0.into(),
        case.version.into(),
        case.entity.as_ref().map(|id| id.as_str().to_owned()).into(),
        name_of(&case.kind)?.into(),
        subject_kind,
        subject_id,
        amount_minor,
        currency,
        case.headline.as_str().into(),
        json(&case.reasons)?.into(),
        json(&case.candidates)?.into(),
        json(&case.rejected)?.into(),
        case.opened_at.as_microsecond().into(),
        case.state.name().into(),
        assigned_to.into(),
        date(snoozed_until),
        resolved_by.into(),
        snoozed_owner.into(),
    ])
}

pub(super) fn read_case(row: Row) -> Result<Case> {
    let row = &mut Reader::new(tables::CASES, row);
    let id = CaseId(row.int()?);
    let version = row.int()?;
    let entity = row.opt_parse(EntityId::parse)?;
    let kind = row.parse(named)?;
    let subject = read_subject(row)?;
    let amount = read_opt_money(row)?;
    let headline = row.text()?;
    let reasons = row.parse(parse_json)?;
    let candidates = row.parse(parse_json)?;
    let rejected = row.parse(parse_json)?;
    let opened_at = read_instant(row)?;
    let state = row.text()?;
    let state_name = row.bad(format!("`{state}` does not fit the columns after it"));
    let state = match (state.as_str(), row.opt_text()?, row.opt_parse(Date::from_str)?, row.opt_int()?, row.opt_text()?) {
        ("open", None, None, None, None) => CaseState::Open,
        ("assigned", Some(to), None, None, None) => CaseState::Assigned { to },
        ("snoozed", None, Some(until), None, owner) => CaseState::Snoozed { until, owner },
        ("resolved", None, None, Some(decision), None) => CaseState::Resolved { decision: DecisionId(decision) },
        _ => return Err(state_name),
    };
    Ok(Case { id, version, entity, kind, subject, amount, headline, reasons, candidates, rejected, opened_at, state })
}

fn lease_row(lease: &Lease) -> Row {
    let instants = [lease.at, lease.until].map(|at| Value::from(at.as_microsecond()));
    let [at, until] = instants;
    vec![lease.case.0.into(), lease.by.as_str().into(), at, until]
}

pub(super) fn read_lease(row: Row) -> Result<Lease> {
    let row = &mut Reader::new(tables::CASE_LEASES, row);
    Ok(Lease { case: CaseId(row.int()?), by: row.text()?, at: read_instant(row)?, until: read_instant(row)? })
}

fn note_row(note: &Note) -> Result<Row> {
    Ok(vec![
        note.id.as_str().into(),
        note.case.0.into(),
        note.by.as_str().into(),
        note.at.as_microsecond().into(),
        note.text.as_str().into(),
        json(&note.mentions)?.into(),
    ])
}

pub(super) fn read_note(row: Row) -> Result<Note> {
    let row = &mut Reader::new(tables::CASE_NOTES, row);
    Ok(Note {
        id: row.text()?,
        case: CaseId(row.int()?),
        by: row.text()?,
        at: read_instant(row)?,
        text: row.text()?,
        mentions: row.parse(parse_json)?,
    })
}

pub(super) fn read_profile(row: Row) -> Result<ImportProfile> {
    let row = &mut Reader::new(tables::IMPORT_PROFILES, row);
    Ok(ImportProfile {
        name: row.text()?,
        version: row.int()?,
        entity: row.opt_parse(EntityId::parse)?,
        text: row.text()?,
        is_on: row.int()? == 1,
    })
}

fn draft_row(draft: &Draft) -> Result<Row> {
    Ok(vec![
        draft.case.0.into(),
        draft.version.into(),
        name_of(&draft.language)?.into(),
        draft.template.as_str().into(),
        draft.text.as_str().into(),
        draft.by.as_str().into(),
        draft.at.as_microsecond().into(),
    ])
}

pub(super) fn read_draft(row: Row) -> Result<Draft> {
    let row = &mut Reader::new(tables::CASE_DRAFTS, row);
    Ok(Draft {
        case: CaseId(row.int()?),
        version: row.int()?,
        language: row.parse(named)?,
        template: row.text()?,
        text: row.text()?,
        by: row.text()?,
        at: read_instant(row)?,
    })
}

fn proposal_row(proposal: &Proposal) -> Result<Row> {
    Ok(vec![
        proposal.case.0.into(),
        proposal.version.into(),
        proposal.by.as_str().into(),
        proposal.at.as_microsecond().into(),
        proposal.candidate.map(i64::from).into(),
        json(&proposal.entries)?.into(),
        json(&proposal.state)?.into(),
    ])
}

pub(super) fn read_proposal(row: Row) -> Result<Proposal> {
    let row = &mut Reader::new(tables::CASE_PROPOSALS, row);
    let case = CaseId(row.int()?);
    let version = row.int()?;
    let by = row.text()?;
    let at = read_instant(row)?;
    let rank = row.opt_int()?;
    let candidate = rank.map(|rank| u32::try_from(rank).map_err(|_| row.bad(format!("{rank} is no rank")))).transpose()?;
    Ok(Proposal { case, version, by, at, candidate, entries: row.parse(parse_json)?, state: row.parse(parse_json)? })
}

/// The actor a text names.
pub(super) fn actor(text: &str) -> std::result::Result<Actor, String> {
    match text.strip_prefix("person:") {
        Some(name) => Ok(Actor::Person(name.to_owned())),
        None if text == "rule" => Ok(Actor::Rule),
        None => Err(format!("`{text}` is neither `rule` nor `person:NAME`")),
    }
}

fn decision_row(decision: &Decision) -> Result<Row> {
    let [subject_kind, subject_id] = subject(&decision.subject);
    Ok(vec![
        decision.id.0.into(),
        decision.at.as_microsecond().into(),
        date(Some(decision.today)),
        decision.by.to_string().into(),
        subject_kind,
        subject_id,
        decision.case.map(|id| id.0).into(),
        decision.ruling.name().into(),
        json(&decision.ruling)?.into(),
        decision.policy.as_str().into(),
        decision.code.as_str().into(),
        decision.inputs.as_str().into(),
        decision.rule.clone().into(),
    ])
}

pub(super) fn read_decision(row: Row) -> Result<Decision> {
    let row = &mut Reader::new(tables::DECISIONS, row);
    let id = DecisionId(row.int()?);
    let at = read_instant(row)?;
    let today = row.parse(Date::from_str)?;
    let by = row.parse(actor)?;
    let subject = read_subject(row)?;
    let case = row.opt_int()?.map(CaseId);
    row.text()?;
    Ok(Decision {
        id,
        at,
        today,
        by,
        subject,
        case,
        ruling: row.parse(parse_json)?,
        policy: row.text()?,
        code: row.text()?,
        inputs: row.text()?,
        rule: row.opt_text()?,
    })
}

fn posting_row(posting: &Posting) -> Row {
    let [amount_minor, currency] = money(posting.amount);
    let [cleared_minor, cleared_currency] = opt_money(posting.cleared);
    vec![
        posting.id.0.into(),
        posting.decision.0.into(),
        posting.payment.as_str().into(),
        posting.purpose.name().into(),
        amount_minor,
        currency,
        posting.item.as_ref().map(|id| id.as_str().to_owned()).into(),
        cleared_minor,
        cleared_currency,
        posting.customer.as_ref().map(|id| id.as_str().to_owned()).into(),
        posting.reverses.map(|id| id.0).into(),
    ]
}

pub(super) fn read_posting(row: Row) -> Result<Posting> {
    let row = &mut Reader::new(tables::POSTINGS, row);
    Ok(Posting {
        id: PostingId(row.int()?),
        decision: DecisionId(row.int()?),
        payment: row.parse(PaymentId::parse)?,
        purpose: row.parse(named)?,
        amount: read_money(row)?,
        item: row.opt_parse(ItemId::parse)?,
        cleared: read_opt_money(row)?,
        customer: row.opt_parse(CustomerId::parse)?,
        reverses: row.opt_int()?.map(PostingId),
    })
}

pub(super) fn entry_row(entry: &AuditEntry) -> Row {
    vec![
        entry.seq.into(),
        entry.at.as_microsecond().into(),
        entry.by.as_str().into(),
        entry.changes.as_str().into(),
        entry.previous.as_str().into(),
        entry.hash.as_str().into(),
    ]
}

pub(super) fn read_entry(row: Row) -> Result<AuditEntry> {
    let row = &mut Reader::new(tables::AUDIT_ENTRIES, row);
    Ok(AuditEntry {
        seq: row.int()?,
        at: read_instant(row)?,
        by: row.text()?,
        changes: row.text()?,
        previous: row.text()?,
        hash: row.text()?,
    })
}

pub(super) fn read_decided_by(by: &Value, at: &Value, posting: i64) -> Result<(String, Timestamp)> {
    let bad = |column, message: String| StoreError::BadRow {
        table: "decisions",
        row: format!("of posting {posting}"),
        column,
        message,
    };
    let by = actor(&by.bare()).map_err(|message| bad("actor", message))?;
    let at = Timestamp::from_microsecond(at.int()).map_err(|error| bad("decided_at", error.to_string()))?;
    Ok((by.to_string(), at))
}
