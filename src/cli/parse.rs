use std::process::ExitCode;

use quittance_tools::evidence::{Helpers, Task, parse_process};

/// The reading process. Hidden: `read` and `import evidence` start it for each file, under limits.
#[derive(clap::Args)]
pub struct Args {
    /// OCR languages, joined by `+`
    #[arg(long, default_value = quittance_tools::evidence::EvidenceReader::LANGUAGES)]
    languages: String,
    /// Take out the invoice XML inside a PDF instead of reading the document
    #[arg(long)]
    embedded_invoice: bool,
    /// Draw this page of a PDF instead of reading the document
    #[arg(long, conflicts_with = "embedded_invoice")]
    page: Option<u32>,
    /// Use none of the programs beside this one (poppler, libheif), as on a machine that lacks them
    #[arg(long)]
    no_helpers: bool,
    /// Leave an attachment out that ended an earlier reading, counted from 1
    #[arg(long, value_name = "NUMBER")]
    without_attachment: Vec<u32>,
    /// Makes deadlines so many times as long, for measuring on a machine that is busy with other work
    #[arg(long, default_value_t = 1)]
    patience: u32,
}

pub fn run(args: &Args) -> ExitCode {
    let task = match args.page {
        Some(number) => Task::Page(number),
        None if args.embedded_invoice => Task::EmbeddedInvoice,
        None => Task::Read,
    };
    let helpers = if args.no_helpers { Helpers::None } else { Helpers::Installed };
    parse_process(task, &args.languages, helpers, args.patience, args.without_attachment.clone())
}
