//! The binary: reads the command line, calls the library, gives the exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match chiso::run::run(chiso::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("chiso: {sentence}");
            ExitCode::FAILURE
        }
    }
}
