//! The command line itself; what the commands do is tested through the binary in `src/tests/`.

use super::*;
use clap::CommandFactory as _;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn each_command_says_in_its_help_what_it_does() {
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.contains("As given by flags"), "{}: {about}", command.get_name());
    }
    let help = cli.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
    assert!(help.contains("--listen") && help.contains("[env: DATABASE_URL]"), "{help}");
    let short = cli.find_subcommand_mut("serve").unwrap().render_help().to_string();
    assert!(!short.contains("--heartbeat-ms"), "the short help stays short");
}
