//! The commands. One file a command; each has its arguments and a `run`.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

mod match_book;
mod match_explain;
mod read;
mod simulate;
mod statement;

/// Reconciles payments with invoices, settles what is certain, and queues the rest with everything needed to decide.
#[derive(Parser)]
#[command(name = "quittance", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read bank and processor files and print what they hold (no database)
    Statement(statement::Args),
    /// Read evidence (images, PDFs, mails) and print what it claims, with places (no database)
    Read(read::Args),
    /// Reconcile one book of CSV files in memory (no database)
    Match(match_book::Args),
    /// Make a seeded book with its truth, or score answers against a truth
    #[command(hide = true)]
    Simulate(simulate::Args),
}

/// How a command prints what it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object per file or item.
    Json,
    /// Columns for people.
    Table,
    /// Comma-separated values with a header line.
    Csv,
}

/// How a command ended when it did end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done: exit status 0.
    Done,
    /// Done, but items were refused or failed and each has been listed: exit status 1.
    SomeRefused,
}

/// Wrong use or unreadable settings: exit status 2. Wrap the sentence for the user in this.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Parses the command line, runs the command, prints a failure as one sentence with its causes.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Statement(args) => statement::run(args),
        Command::Read(args) => read::run(args),
        Command::Match(args) => match_book::run(args),
        Command::Simulate(args) => simulate::run(args),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeRefused) => ExitCode::from(1),
        Err(error) => {
            eprintln!("quittance: {error:#}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}
