//! `quittance watch`: takes in as evidence what is put into a folder, once it has settled. Files stay where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quittance_rules::journal::InputKind;

use super::import::{Importer, import_all, walk};
use super::model::{ModelArgs, ModelReader};
use super::settings::{ByArgs, DbArgs};
use super::{Outcome, Usage};

/// Arguments of `watch`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder; everything in it and below is taken in as evidence
    folder: PathBuf,
    /// Seconds between two looks; a file that has not changed in between has settled
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// Take in what has settled, then end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    model: ModelArgs,
}

/// What is seen of a file without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looks {
    size: u64,
    changed: Option<SystemTime>,
}

/// Which files have settled: looked the same twice in a row, and have not been taken since they last changed.
///
/// It forgets on restart. That costs reading a file again and changes nothing: what is known by its digest is not taken in twice.
#[derive(Debug, Default)]
struct Settling {
    seen: BTreeMap<PathBuf, (Looks, bool)>,
}

impl Settling {
    /// What to take in now, given what is there.
    fn look(&mut self, there: Vec<(PathBuf, Looks)>) -> Vec<PathBuf> {
        let mut settled = Vec::new();
        let before = std::mem::take(&mut self.seen);
        for (path, looks) in there {
            let (same, taken) = before.get(&path).map_or((false, false), |(old, taken)| (*old == looks, *taken));
            let ready = same && !taken;
            if ready {
                settled.push(path.clone());
            }
            self.seen.insert(path, (looks, same && (taken || ready)));
        }
        settled
    }

    /// Whether everything seen has been taken in.
    fn is_quiet(&self) -> bool {
        self.seen.values().all(|(_, taken)| *taken)
    }
}

/// Names under which programs write what is not finished, and files the desktop puts there.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.starts_with('.')
        || name.starts_with("~$")
        || [".part", ".tmp", ".crdownload", ".download", ".partial", ".swp"].iter().any(|end| name.ends_with(end))
        || ["thumbs.db", "desktop.ini"].contains(&name.as_str())
}

/// What is there now. A folder that cannot be read for a moment (a network share) is told and tried again.
fn there(folder: &Path, told: &mut Vec<String>) -> Vec<(PathBuf, Looks)> {
    let (files, passed_over) = match walk(&[folder.to_owned()]) {
        Ok(found) => found,
        Err(error) => (Vec::new(), vec![format!("{error:#}")]),
    };
    for sentence in passed_over {
        if !told.contains(&sentence) {
            eprintln!("{sentence}");
            told.push(sentence);
        }
    }
    let looks = |path: PathBuf| {
        let found = std::fs::metadata(&path).ok()?;
        Some((path, Looks { size: found.len(), changed: found.modified().ok() }))
    };
    files.into_iter().filter(|path| !is_unfinished(path)).filter_map(looks).collect()
}

/// Watches until it is interrupted.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    if !args.folder.is_dir() {
        return Err(Usage(format!("{} is no folder", args.folder.display())).into());
    }
    let (database, settings) = args.db.open().await?;
    let by = args.by.name(&settings)?;
    let importer = Importer::Evidence(Box::new(ModelReader::new(&args.model, &settings, &database)?), Arc::default());
    let mut interrupted = std::pin::pin!(stopped());
    let mut settling = Settling::default();
    let mut told = Vec::new();
    let mut outcome = Outcome::Done;
    eprintln!("watching {}", args.folder.display());
    loop {
        let settled = settling.look(there(&args.folder, &mut told));
        if !settled.is_empty() {
            let taken = import_all(&database, &by, &settled, InputKind::Evidence, &importer).await?;
            if taken == Outcome::SomeRefused {
                outcome = Outcome::SomeRefused;
            }
        }
        if args.once && settling.is_quiet() {
            return Ok(outcome);
        }
        tokio::select! {
            () = &mut interrupted => return Ok(outcome),
            () = tokio::time::sleep(Duration::from_secs(args.every)) => {}
        }
    }
}

/// Ends when somebody wants this program to: Ctrl-C, or a service manager's SIGTERM. What is being taken in is finished first.
async fn stopped() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { std::future::pending::<()>().await },
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_it_has_settled_and_again_when_it_changes() {
        let mut settling = Settling::default();
        let mut look = |files: &[(&str, u64)]| {
            let there = files.iter().map(|(path, size)| (PathBuf::from(path), Looks { size: *size, changed: None })).collect();
            let settled: Vec<String> = settling.look(there).iter().map(|path| path.display().to_string()).collect();
            (settled, settling.is_quiet())
        };
        let taken = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert_eq!(look(&[]), (taken(&[]), true));
        assert_eq!(look(&[("a", 1)]), (taken(&[]), false));
        assert_eq!(look(&[("a", 5), ("b", 2)]), (taken(&[]), false), "a is still being written");
        assert_eq!(look(&[("a", 5), ("b", 2)]), (taken(&["a", "b"]), true));
        assert_eq!(look(&[("a", 5), ("b", 2)]), (taken(&[]), true));
        assert_eq!(look(&[("a", 6)]), (taken(&[]), false), "written over");
        assert_eq!(look(&[("a", 6)]), (taken(&["a"]), true));
        assert_eq!(look(&[("a", 6), ("b", 2)]), (taken(&[]), false), "b came back");
    }

    #[test]
    fn what_is_not_finished_is_left() {
        for (name, unfinished) in
            [("proof.png", false), (".proof.png", true), ("proof.pdf.part", true), ("~$advice.docx", true), ("Thumbs.db", true)]
        {
            assert_eq!(is_unfinished(&Path::new("in").join(name)), unfinished, "{name}");
        }
    }
}
