//! The `estafette` command.

/// A third of the server's processor time went to the C library's allocator; an eighth goes to this one (actors/COSTS.md).
/// In the program, not in the library: who embeds that chooses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    estafette::cli::run()
}
