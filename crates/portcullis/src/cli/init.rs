//! `init`: a short configuration for an OpenAPI document, judged before it is written.

use super::{complain, say};
use anyhow::{Context as _, bail};
use portcullis_core::ApiId;
use portcullis_gateway::config::{self, Failed, LoadOptions, Loaded};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Public operations that are listed; the document has the rest.
const MAX_LISTED: usize = 40;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The OpenAPI document of the API, YAML or JSON. With `--learn` it may be left out: an empty one is written.
    #[arg(long, value_name = "DOCUMENT", required_unless_present = "learn")]
    openapi: Option<PathBuf>,
    /// Forwards what the document does not have, and learns it: `portcullis inventory --draft`.
    #[arg(long)]
    learn: bool,
    /// Where the API is: `http://host:port` or `https://host:port`.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// Writes to a new file; one that exists is left alone. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let target = args.output.clone().unwrap_or_else(|| PathBuf::from("portcullis.yaml"));
    if args.output.is_some() && target.exists() {
        bail!("`{}` exists; it is left as it is", target.display());
    }
    let document = match (&args.openapi, &args.output) {
        (Some(document), _) => Document { path: document.clone(), is_ours: false },
        (None, Some(output)) => Document::empty(output)?,
        (None, None) => bail!("`--learn` writes a document beside the configuration: say where with `-o FILE`"),
    };
    let written = write_configuration(args, &target, &document.path);
    if written.is_err() && document.is_ours {
        drop(std::fs::remove_file(&document.path)); // nothing names it
    }
    written
}

/// The document that the configuration names.
struct Document {
    path: PathBuf,
    /// It was written here.
    is_ours: bool,
}

impl Document {
    /// A new one without operations, beside the configuration.
    fn empty(output: &Path) -> anyhow::Result<Self> {
        let path = output.with_file_name("api.openapi.yaml");
        create(&path, "openapi: 3.1.0\ninfo: { title: api, version: draft }\nservers: [{ url: / }]\npaths: {}\n")?;
        Ok(Self { path, is_ours: true })
    }
}

fn write_configuration(args: &Args, target: &Path, document: &Path) -> anyhow::Result<ExitCode> {
    let openapi = seen_from(target, document)?;
    let name = api_name(document);
    let draft = |base_path: Option<&str>, public: &str| {
        let more = More { base_path, public, learn: args.learn };
        write(&name, &openapi, args.upstream.trim_end_matches('/'), &more)
    };
    let judge = |text: &str| config::load_text(target, text, &LoadOptions::default());

    let mut base_path = None;
    let mut judged = judge(&draft(None, ""));
    if let Err(failed) = &judged
        && failed.errors.iter().all(|error| error.file.is_some())
        && let loaded @ Ok(_) = judge(&draft(Some("/"), ""))
    {
        // The document's servers do not say where its paths begin.
        base_path = Some("/");
        judged = loaded;
    }
    let loaded = match judged {
        Ok(loaded) => loaded,
        Err(failed) => bail!("{}", refused(&failed)),
    };
    let text = draft(base_path, &public(&loaded));
    complain(&config::print(&loaded.warnings, &loaded.source, false));
    match &args.output {
        None => say(&text),
        Some(path) => {
            create(path, &text)?;
            say(&format!("{0} written; next: portcullis check -c {0}\n", path.display()))
        }
    }
}

fn refused(failed: &Failed) -> String {
    format!("no configuration for this document and upstream\n{}", config::print(&failed.errors, &failed.source, false))
}

/// Never over a file that is there.
fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match created {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("`{}` exists; it is left as it is", path.display())
        }
        other => other.with_context(|| format!("cannot write `{}`", path.display()))?,
    };
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))
}

/// The document as the configuration names it: relative where it stands beside or below, else absolute.
fn seen_from(target: &Path, document: &Path) -> anyhow::Result<String> {
    let document = document.canonicalize().with_context(|| format!("`{}` cannot be read", document.display()))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let path = document.strip_prefix(&folder).unwrap_or(&document);
    path.to_str().map(str::to_owned).with_context(|| format!("`{}` is not UTF-8", path.display()))
}

/// A name for API and upstream: the document's, as far as it is letters, digits and `-`.
fn api_name(document: &Path) -> String {
    let file = document.file_name().unwrap_or_default().to_string_lossy();
    let telling = |part: &&str| !["", "openapi", "yaml", "yml", "json"].contains(part);
    let stem = file.split('.').find(telling).unwrap_or("api");
    let name: String =
        stem.to_ascii_lowercase().chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "api".to_owned() } else { name.to_owned() }
}

/// Comment lines that name what anybody may call.
fn public(loaded: &Loaded) -> String {
    let operations = loaded.plan.routes.operations_of(ApiId(0));
    let mut lines: Vec<String> = operations
        .iter()
        .take(MAX_LISTED)
        .map(|operation| {
            let printable: String = operation.template.chars().filter(|char| !char.is_control()).collect();
            format!("    #   {:7} {printable}\n", operation.method.as_str())
        })
        .collect();
    if let Some(more) = operations.len().checked_sub(MAX_LISTED).filter(|&more| more > 0) {
        lines.push(format!("    #   and {more} more\n"));
    }
    lines.concat()
}

/// What the file says beside names.
struct More<'a> {
    base_path: Option<&'a str>,
    public: &'a str,
    learn: bool,
}

/// The last lines of a configuration that learns.
const LEARNING: &str = "    controls:
      routing.operation: monitor       # learning: other paths are forwarded too, and none of these is refused
    # Once `portcullis inventory` shows what there is: portcullis inventory --draft, review it, put it into the document, and
    # take these lines out.
";

/// The file. Text from outside stands in JSON strings, which are YAML strings.
fn write(name: &str, openapi: &str, upstream: &str, more: &More<'_>) -> String {
    let More { base_path, public, learn } = *more;
    let learning = if learn { LEARNING } else { "" };
    let others =
        if learn { "Everything else is forwarded as well, and learned." } else { "Everything else is refused." };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let base_path = base_path.map_or_else(String::new, |path| {
        format!("    base_path: {path}                       # the document's servers do not say; paths begin here\n")
    });
    format!(
        r#"# Written by `portcullis init`. Settings: docs/configuration.md. Judge it: portcullis check --coverage
version: 1
listeners:
  - address: 127.0.0.1:8080            # this machine only, plain HTTP
  # - address: 0.0.0.0:8443            # for the network, with TLS
  #   tls: {{ certificate: certs/api.pem, key: certs/api.key }}
admin: {{ address: 127.0.0.1:9901 }}     # /metrics, /healthz, /readyz
data_dir: portcullis-data              # what was decided, one JSON line for each request
upstreams:
  {name}:
    endpoints: [{upstream}]
apis:
  {name}:
    openapi: {openapi}
    # hosts: [api.example.com]         # default: any host
{base_path}    upstream: {name}
    # Anybody may call every operation of the document; this build knows no identities yet.
    # {others} Reachable:
{public}    identity: public
{learning}    # operations:                      # keep what is not for everybody to internal listeners
    #   exportOrders: {{ internal: true }}
"#,
        upstream = quoted(upstream),
        openapi = quoted(openapi),
    )
}
