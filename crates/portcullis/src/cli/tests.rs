//! What the command line promises without a network.

use super::Cli;
use super::explain::lines;
use clap::{CommandFactory as _, Parser as _};
use serde_json::json;

#[test]
fn definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn config_is_accepted_on_either_side_of_the_command() {
    for line in [["portcullis", "-c", "a.yaml", "run"], ["portcullis", "run", "-c", "a.yaml"]] {
        assert_eq!(Cli::try_parse_from(line).unwrap().config, std::path::Path::new("a.yaml"));
    }
    assert_eq!(Cli::try_parse_from(["portcullis", "check"]).unwrap().config, std::path::Path::new("portcullis.yaml"));
    assert!(Cli::try_parse_from(["portcullis"]).is_err(), "no command is asked wrongly");
}

#[test]
fn help_shows_examples() {
    for name in ["run", "check", "init", "explain", "demo", "completions", "man"] {
        let mut command = Cli::command();
        let help = command.find_subcommand_mut(name).unwrap().render_help().to_string();
        assert!(help.contains("Example"), "{name}");
    }
    insta::assert_snapshot!(Cli::command().render_long_help());
}

#[test]
fn explained_records_read_in_columns() {
    let record = json!({
        "id": "01936d5e", "status": 404, "verdict": "deny",
        "stages": { "decided": 12 }, "findings": [{ "control": "response.headers" }], "detail": "a\u{1b}[31mb",
    });
    insta::assert_snapshot!(lines(&record));
}
