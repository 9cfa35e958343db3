use std::process::ExitCode;

/// The reading process. Hidden: `read` and `import evidence` start it for each file, under limits.
#[derive(clap::Args)]
pub struct Args {
    /// OCR languages, joined by `+`
    #[arg(long, default_value = quittance_tools::evidence::EvidenceReader::LANGUAGES)]
    languages: String,
}

pub fn run(args: &Args) -> ExitCode {
    quittance_tools::evidence::parse_process(&args.languages)
}
