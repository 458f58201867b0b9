//! The `estafette` command.

fn main() -> std::process::ExitCode {
    estafette::cli::run()
}
