//! What the tests of the second reader share.

pub mod lies;

use std::sync::Mutex;

use jiff::Timestamp;
use jiff::civil::Date;
use quittance_agent::model::{Model, ModelError, ModelReply, ModelRequest};
use quittance_agent::ports::Clock;

/// Noon on some day.
pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-10-05T12:00:00Z".parse().unwrap()
    }
    fn today(&self, _: &str) -> Date {
        "2026-10-05".parse().unwrap()
    }
}

/// Gives prepared answers one after the other, then none; remembers what it was asked.
pub struct Scripted {
    answers: Mutex<Vec<Result<String, ModelError>>>,
    pub asked: Mutex<Vec<ModelRequest>>,
}

impl Scripted {
    pub fn new(answers: Vec<Result<String, ModelError>>) -> Self {
        Self { answers: Mutex::new(answers), asked: Mutex::default() }
    }

    pub fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Model for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }
    async fn ask(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        self.asked.lock().unwrap().push(request.clone());
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() {
            return Err(ModelError::Down);
        }
        answers.remove(0).map(|text| ModelReply { text, tokens_in: 500, tokens_out: 40 })
    }
}
