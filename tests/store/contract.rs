//! A contract: a list of cases, run on a database of each kind; what a case leaves behind is verified.

use std::future::Future;
use std::pin::Pin;

use quittance_agent::ports::Store as _;
use quittance_tools::sealing::Keys;
use quittance_tools::store::Database;

use crate::postgres;

pub type CaseFn = fn(Database) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A key of the test's own.
pub fn keys() -> Keys {
    Keys::in_memory().expect("the system gives chance")
}

/// Names the cases of a contract.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        const CONTRACT: &[(&str, crate::contract::CaseFn)] = &[$((stringify!($name), |book| Box::pin($name(book)))),*];
    };
}
pub(crate) use contract;

async fn run(name: &str, case: CaseFn, book: Database) {
    eprintln!("{name}");
    case(book.clone()).await;
    let report = book.verify().await.unwrap();
    let findings: Vec<&String> =
        // Cases choose their own numbers; that the store did not give them out is for another test.
        report.findings.iter().filter(|finding| !finding.starts_with("table sequences")).collect();
    assert!(findings.is_empty(), "{name}: {findings:#?}");
    book.close().await;
}

/// Runs a contract on SQLite.
pub async fn on_sqlite(contract: &[(&str, CaseFn)]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, case) in contract {
        let book = Database::create(&format!("sqlite://{}/{name}.db", folder.path().display())).await.unwrap().with_keys(keys());
        run(name, *case, book).await;
    }
}

/// Runs a contract on PostgreSQL.
pub async fn on_postgres(contract: &[(&str, CaseFn)]) {
    let server = postgres::Server::start();
    for (name, case) in contract {
        let book = Database::create(&server.fresh().await).await.unwrap().with_keys(keys());
        run(name, *case, book).await;
    }
}
