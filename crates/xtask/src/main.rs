//! Tasks of the workspace: `cargo xtask COMMAND`.

mod bench;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the workspace")]
enum Command {
    /// Measures what a request costs, beside nginx, HAProxy and a bare hyper proxy.
    Bench(bench::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Bench(args) => bench::run(args),
    }
}
