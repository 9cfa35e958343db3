//! `quittance fit`: fits what is learnt from examples, and says how good it is on examples it was not fitted to.

use clap::Subcommand;

use super::Outcome;

mod evidence;
mod matching;

/// Fits to cases whose right answer is known. Writes a file to look at; nothing that is in force changes by itself.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The classifier of evidence: from the evaluation sets, and from what reviewers corrected in a database
    Evidence(evidence::Args),
    /// The weights and the calibration of the matcher: from payments with what they settled, or from what people decided in a database
    Matching(matching::Args),
}

/// Fits.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::Evidence(args) => evidence::run(&args).await,
        What::Matching(args) => matching::run(&args).await,
    }
}
