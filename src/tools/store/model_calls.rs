//! What models were asked, what they answered and what it cost.

use jiff::Timestamp;
use quittance_agent::model::{ModelLedger, Spent};
use quittance_agent::ports::StoreError;
use quittance_rules::cases::{Actor, InputDigest};
use quittance_rules::journal::{Change, ChangeSet, ModelCall};
use quittance_rules::money::Currency;

use super::engine::{Kind, Result, Row};
use super::tables::{self, Reader};
use super::{Database, codec, sql};

pub(super) fn call_row(call: &ModelCall) -> Result<Row> {
    Ok(vec![
        call.id.as_str().into(),
        call.question.0.as_str().into(),
        call.task.as_str().into(),
        call.prompt.as_str().into(),
        call.model.as_str().into(),
        call.evidence.0.as_str().into(),
        call.asked_at.as_microsecond().into(),
        codec::name_of(&call.outcome)?.into(),
        call.answer.0.as_str().into(),
        call.reading.0.as_str().into(),
        codec::count(call.tokens_in)?.into(),
        codec::count(call.tokens_out)?.into(),
        codec::count(call.cost_micros)?.into(),
        call.currency.map(|currency| currency.code().to_owned()).into(),
    ])
}

fn read_call(row: Row) -> Result<ModelCall> {
    let row = &mut Reader::new(tables::MODEL_CALLS, row);
    let count = |row: &mut Reader| -> Result<u64> {
        let number = row.int()?;
        u64::try_from(number).map_err(|_| row.bad(format!("{number} is negative")))
    };
    Ok(ModelCall {
        id: row.text()?,
        question: row.parse(InputDigest::parse)?,
        task: row.text()?,
        prompt: row.text()?,
        model: row.text()?,
        evidence: row.parse(InputDigest::parse)?,
        asked_at: codec::read_instant(row)?,
        outcome: row.parse(codec::named)?,
        answer: row.parse(InputDigest::parse)?,
        reading: row.parse(InputDigest::parse)?,
        tokens_in: count(row)?,
        tokens_out: count(row)?,
        cost_micros: count(row)?,
        currency: row.opt_parse(Currency::parse)?,
    })
}

impl ModelLedger for Database {
    async fn spent(&self, since: Timestamp, currency: Option<Currency>) -> Result<Spent> {
        let arguments = vec![since.as_microsecond().into(), currency.map(|c| c.code().to_owned()).into()];
        let rows = self.pool.rows(sql::MODEL_SPENT, arguments, &[Kind::Int, Kind::Int]).await?;
        let sum = |at: usize| rows.first().map_or(0, |row| u64::try_from(row[at].int()).unwrap_or(0));
        Ok(Spent { tokens: sum(0), cost_micros: sum(1) })
    }

    async fn answered(&self, question: &InputDigest) -> Result<Option<(ModelCall, Vec<u8>)>> {
        let kinds = tables::MODEL_CALLS.kinds();
        let rows = self.pool.rows(sql::MODEL_ANSWER, vec![question.0.as_str().into()], &kinds).await?;
        let Some(call) = rows.into_iter().next().map(read_call).transpose()? else { return Ok(None) };
        let answer = self.kept_bytes(&call.answer).await?;
        Ok(answer.map(|answer| (call, answer)))
    }

    async fn keep(&self, bytes: &[u8]) -> Result<InputDigest> {
        self.keep_bytes_of(bytes).await
    }

    async fn record(&self, call: ModelCall) -> Result<()> {
        let set = ChangeSet { by: Actor::Rule, at: call.asked_at, changes: vec![Change::ModelAsked(call)] };
        self.apply_changes(set, None).await.map(|_| ())
    }

    async fn calls(&self, evidence: Option<&InputDigest>) -> Result<Vec<ModelCall>> {
        let arguments = vec![evidence.map(|digest| digest.0.clone()).into()];
        let rows = self.pool.rows(sql::MODEL_CALLS_ON, arguments, &tables::MODEL_CALLS.kinds()).await?;
        rows.into_iter().map(read_call).collect::<std::result::Result<_, StoreError>>()
    }
}
