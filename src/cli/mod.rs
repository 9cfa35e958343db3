//! The commands. One file a command; each has its arguments and a `run`.

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

mod alias;
mod audit;
mod bank_options;
mod demo;
mod eval;
mod eval_live;
mod evidence;
mod export;
mod fit;
mod import;
mod init;
mod key;
mod match_book;
mod match_explain;
mod migrate;
mod model;
mod parse;
mod policy;
mod progress;
mod queue;
mod read;
mod replay;
mod run;
mod serve;
mod settings;
mod shown;
mod simulate;
mod statement;
mod user;
mod watch;
mod webhooks;
mod whatsapp;

/// Reconciles payments with invoices, settles what is certain, and queues the rest with everything needed to decide.
#[derive(Parser)]
#[command(name = "quittance", version, arg_required_else_help = true)]
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
    /// Make the database, and bring entities, accounts and policy in line with the settings
    Init(init::Args),
    /// Bring the tables of an older database up to this version
    Migrate(migrate::Args),
    /// The key that seals the secrets in the database: show which it is, change it
    Key(key::Args),
    /// Take files in: customers, invoices, statements, evidence
    Import(import::Args),
    /// What was read: list it, correct its kind, see what is claimed and not yet paid
    Evidence(evidence::Args),
    /// Take in as evidence what is put into a folder
    Watch(watch::Args),
    /// Match what is open, settle what is certain, queue the rest
    Run(run::Args),
    /// Work the queue: list, show, approve, reject, assign, snooze, undo
    Queue(queue::Args),
    /// What confirmations taught about payers: list, revoke
    Alias(alias::Args),
    /// Thresholds and rules: check a file, show what is in force and what each rule last did, publish
    Policy(policy::Args),
    /// Write allocations, postings, cases or the audit log to a file
    Export(export::Args),
    /// Verify that nothing has been altered
    Audit(audit::Args),
    /// Take decisions again from what was stored with them, and compare
    Replay(replay::Args),
    /// Serve the pages
    Serve(serve::Args),
    /// Add, list and disable the people who may sign in
    User(user::Args),
    /// Measure the reading of evidence on cases with known answers, and hold it to a baseline
    Eval(eval::Args),
    /// Make a small book with its files, reconcile it, and leave the database to explore
    Demo(demo::Args),
    #[command(name = "__parse", hide = true)]
    Parse(parse::Args),
    /// Fit what is learnt from examples, and say how good it is on others
    Fit(fit::Args),
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
    if let Command::Parse(args) = &cli.command {
        // Before any thread exists and before anything else is opened: this process gives up its rights.
        return parse::run(args);
    }
    end_quietly_when_nobody_reads();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(settings::log_filter()).without_time().init();
    let result = match cli.command {
        Command::Statement(args) => statement::run(args),
        Command::Read(args) => read::run(args),
        Command::Match(args) => match_book::run(args),
        Command::Init(args) => wait_for(init::run(args)),
        Command::Migrate(args) => wait_for(migrate::run(args)),
        Command::Key(args) => wait_for(key::run(args)),
        Command::Import(args) => wait_for(import::run(args)),
        Command::Evidence(args) => wait_for(evidence::run(args)),
        Command::Watch(args) => wait_for(watch::run(args)),
        Command::Run(args) => wait_for(run::run(args)),
        Command::Queue(args) => wait_for(queue::run(args)),
        Command::Alias(args) => wait_for(alias::run(args)),
        Command::Policy(args) => wait_for(policy::run(args)),
        Command::Export(args) => wait_for(export::run(args)),
        Command::Audit(args) => wait_for(audit::run(args)),
        Command::Replay(args) => wait_for(replay::run(args)),
        Command::Serve(args) => wait_for(serve::run(args)),
        Command::User(args) => wait_for(user::run(args)),
        Command::Eval(args) => eval::run(args),
        Command::Demo(args) => wait_for(demo::run(args)),
        Command::Parse(args) => return parse::run(&args),
        Command::Fit(args) => wait_for(fit::run(args)),
        Command::Simulate(args) => simulate::run(args),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeRefused) => ExitCode::from(1),
        // Whoever read our output has read enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quittance: {error:#}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn wait_for(work: impl Future<Output = anyhow::Result<Outcome>>) -> anyhow::Result<Outcome> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// A path for people: a name that holds line feeds or orders to the terminal shows them as the replacement character.
fn shown_path(path: &Path) -> String {
    path.display().to_string().replace(|c: char| c.is_control() || is_turning(c), "\u{fffd}")
}

/// Marks that turn the direction of writing, with which `fdp.exe` passes for `exe.pdf`. Source: Unicode Standard Annex 9, explicit formatting.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `println!` panics when whoever read our output has read enough, as `head` does; that is no failure of ours.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload().downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        if words.starts_with("failed printing to stdout") && words.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    /// Flags that collide are found when a command runs, and then only in a debug build; this finds them for every command.
    #[test]
    fn the_flags_of_every_command_fit_together() {
        Cli::command().debug_assert();
    }
}
