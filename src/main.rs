//! The `quittance` program: commands, settings, wiring. The only place that names concrete types.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
