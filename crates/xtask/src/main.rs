//! Tasks of the workspace: `cargo xtask COMMAND`.

mod bench;
mod fuzz;
mod generate;
mod layers;
mod soak;
mod test;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the workspace")]
enum Command {
    /// Measures what a request costs, beside nginx, HAProxy and a bare hyper proxy.
    Bench(bench::Args),
    /// Feeds arbitrary bytes to whatever reads bytes, minutes for each target.
    Fuzz(fuzz::Args),
    /// Writes documents that follow from the code; `--check` fails when one is stale.
    Generate(generate::Args),
    /// Checks that imports point one way only.
    Layers,
    /// Honest clients beside every attack at once, for half an hour.
    Soak(soak::Args),
    /// Installs what the tests need and runs every test.
    Test(test::Args),
}

fn main() -> anyhow::Result<()> {
    portcullis_testkit::small_upstream::serve()?; // when started as the upstream of a soak
    match Command::parse() {
        Command::Bench(args) => bench::run(args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Layers => layers::run(),
        Command::Soak(args) => soak::run(&args),
        Command::Test(args) => test::run(&args),
    }
}
