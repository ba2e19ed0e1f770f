//! The binary: reads the command line, calls the library, gives the exit code.

use std::process::ExitCode;

use clap::Parser;

/// Requests take and give back many small pieces of memory on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match chiso::run::run(chiso::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("chiso: {sentence}");
            ExitCode::FAILURE
        }
    }
}
