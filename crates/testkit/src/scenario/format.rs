//! The scenario file format. An unknown key is an error everywhere: a misspelt expectation would never be judged.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::Value;

use crate::client::frames;
use crate::upstream::Reply;

/// One case of a scenario file; a file is a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The checklist rows that the case shows, as `edge/N1`.
    #[serde(default, alias = "id", deserialize_with = "one_or_many")]
    pub rows: Vec<String>,
    /// What holds, as a sentence.
    pub name: String,
    /// True for the honest twin: use that must keep working.
    #[serde(default)]
    pub honest: bool,
    /// What kind of run it is.
    #[serde(default)]
    pub kind: Kind,
    /// Control → mode that the case shows where no event can say it (`off` leaves no trace).
    #[serde(default)]
    pub covers: BTreeMap<String, String>,
    /// What stands before the case begins.
    #[serde(default)]
    pub given: Given,
    /// The requests; each is judged by the same `then`.
    #[serde(default, deserialize_with = "one_or_many")]
    pub when: Vec<Request>,
    /// What must come.
    #[serde(default)]
    pub then: Then,
    /// The steps of a case that changes something while the gateway runs.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What kind of run a case is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Requests through a gateway that serves this configuration for all its cases.
    #[default]
    Exchange,
    /// Steps on a gateway of its own: reload, stop, faults.
    Steps,
    /// `portcullis check -c FILE`, judged by its exit status and output.
    Check,
    /// `portcullis run -c FILE` that must end by itself.
    Run,
}

/// What stands before a case begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// The configuration: `scenarios/configs/<config>.yaml`.
    pub config: Option<String>,
    /// How the upstream answers.
    pub upstream: BTreeMap<String, Reply>,
    /// Files written into the scratch directory; `portcullis.yaml` among them is the configuration.
    pub files: BTreeMap<String, File>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Arguments after `check -c FILE` or `run -c FILE`.
    pub args: Vec<String>,
    /// The configuration file to start with when it is neither of the above.
    pub path: Option<String>,
}

/// One file: its text, or more.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The text; placeholders are filled.
    pub text: Option<String>,
    /// The content, one character a byte, nothing filled.
    pub bytes: Option<String>,
    /// Copied from `scenarios/configs/`.
    pub from: Option<String>,
    /// Appended: so many copies of a text.
    pub repeat: Option<(String, usize)>,
    /// Permission bits, octal.
    pub mode: Option<String>,
    /// A symbolic link to this path instead.
    pub symlink: Option<String>,
}

/// One request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// `GET` this target.
    pub get: Option<String>,
    /// `HEAD` this target.
    pub head: Option<String>,
    /// `POST` to this target.
    pub post: Option<String>,
    /// `PUT` this target.
    pub put: Option<String>,
    /// `DELETE` this target.
    pub delete: Option<String>,
    /// `PATCH` this target.
    pub patch: Option<String>,
    /// `OPTIONS` of this target.
    pub options: Option<String>,
    /// Any method and target, `TRACE /x`.
    pub request: Option<String>,
    /// Header lines; a list is one line per value. `Host` defaults to `api.example.com`, on the admin listener to its address;
    /// null leaves it out.
    pub headers: Fields,
    /// The content.
    pub body: Option<String>,
    /// The content: so many bytes of `x`.
    pub body_size: Option<usize>,
    /// Exactly these bytes, one character a byte, instead of all of the above.
    pub raw: Option<String>,
    /// Appended to `raw`: so many copies of each text.
    pub repeat: Vec<(String, usize)>,
    /// Exactly these HTTP/2 frames (`via: h2c` or `h2`) instead of all of the above; `h2` says what comes of them.
    pub frames: Vec<frames::Step>,
    /// Bytes sent first, before TLS (a PROXY protocol line).
    pub preface: Option<String>,
    /// How to connect.
    pub via: Via,
    /// Which listener of that kind, counted from 0.
    pub listener: usize,
    /// Source address of the connection.
    pub from: Option<IpAddr>,
    /// Server name asked for in TLS; `api.example.com` when absent.
    pub sni: Option<String>,
    /// The client certificate to show when asked: `device`, `expired`, `foreign`, `server`, `any`, `cn`, `revoked`,
    /// `authority` (see `ca::Clients`).
    pub certificate: Option<String>,
}

/// How a client connects.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// HTTP/1.1 on a plain listener.
    #[default]
    H1,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/2 with prior knowledge on a plain listener.
    H2c,
    /// HTTP/1.1 on the admin listener.
    Admin,
    /// HTTP/1.1 on the health listener.
    Health,
}

/// What must come.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Then {
    /// The accepted status codes.
    #[serde(deserialize_with = "one_or_many")]
    pub status: Vec<u16>,
    /// What may come of `frames`: `connection` (GOAWAY with an error, or a close), `stream` (a reset), or a status.
    #[serde(deserialize_with = "one_or_many")]
    pub h2: Vec<String>,
    /// 1xx responses before it.
    pub interim: Option<Vec<u16>>,
    /// Header name → rule.
    pub headers: BTreeMap<String, Rule>,
    /// The content.
    pub body: Option<Content>,
    /// The trailer section: name → rule.
    pub trailers: BTreeMap<String, Rule>,
    /// A problem document: `true`, or what its `type` ends with.
    pub problem: Option<Value>,
    /// Byte for byte, bar the request id and Date, the answer to this request.
    pub same_as: Option<Box<Request>>,
    /// How many answers come on the connection (`raw` with several requests); the last is judged.
    pub answers: Option<usize>,
    /// The gateway closes the connection after the answer, and nothing follows it.
    pub closed: bool,
    /// The gateway closes the connection without an answer.
    pub no_answer: bool,
    /// With `no_answer`: the TLS alert that ended it, as rustls spells it.
    pub alert: Option<String>,
    /// Nothing that looks whole comes: no answer at all, content cut short, or a refusal of ours. An answer has one of
    /// the `status` codes all the same.
    pub cut: bool,
    /// Bytes sent after a 101, one character a byte.
    pub sends: Option<String>,
    /// What comes back for them.
    pub echo: Option<String>,
    /// What reached the upstream: a count, or what the last request was.
    pub upstream_saw: Option<Saw>,
    /// The event holds all of this; null means absent.
    pub event: Option<Value>,
    /// A line of the audit lane holds all of this. For answers of the admin listener, which owe no event.
    pub audit: Option<Value>,
    /// Texts that the event or audit line does not hold.
    pub event_lacks: Vec<String>,
    /// Exit status (check, run, steps that stop the gateway).
    pub exit: Option<i32>,
    /// Texts that standard output and standard error together hold.
    #[serde(deserialize_with = "one_or_many")]
    pub output: Vec<String>,
    /// Texts that neither holds.
    #[serde(deserialize_with = "one_or_many")]
    pub output_lacks: Vec<String>,
}

/// What the content must be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Content {
    /// Exactly this text.
    pub equals: Option<String>,
    /// Holds these texts.
    #[serde(deserialize_with = "one_or_many")]
    pub contains: Vec<String>,
    /// Holds none of these.
    #[serde(deserialize_with = "one_or_many")]
    pub lacks: Vec<String>,
    /// JSON that holds all of this; null means absent.
    pub json: Option<Value>,
    /// So many bytes.
    pub size: Option<usize>,
}

/// What reached the upstream.
#[derive(Clone, Debug, Default)]
pub struct Saw {
    /// How many requests.
    pub count: Option<usize>,
    /// How many of them were whole.
    pub whole: Option<usize>,
    /// What the last of them was.
    pub last: SawRequest,
}

/// One request at the upstream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SawRequest {
    /// How many requests arrived; 1 when neither this nor `whole` is there.
    pub count: Option<usize>,
    /// How many arrived whole: content that broke off must not look complete.
    pub whole: Option<usize>,
    /// The method.
    pub method: Option<String>,
    /// The request target, byte for byte.
    pub target: Option<String>,
    /// Header name → rule.
    pub headers: BTreeMap<String, Rule>,
    /// The content.
    pub body: Option<Content>,
    /// The trailer section: name → rule.
    pub trailers: BTreeMap<String, Rule>,
    /// Which address took it, counted from 1.
    pub endpoint: Option<usize>,
    /// Which request on its connection it was, counted from 1: the first where no connection may be used again.
    pub nth: Option<usize>,
}

/// One step of a `kind: steps` case. Exactly one action; `then` judges what it brings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Writes files; each is swapped in by a rename.
    pub write: BTreeMap<String, File>,
    /// Writes a file in place, without the rename: what a reader may see half.
    pub write_in_place: BTreeMap<String, File>,
    /// Removes a file.
    pub remove: Option<String>,
    /// Sends `hup`, `term` or `kill` to the gateway.
    pub signal: Option<String>,
    /// Starts the gateway again, after it has ended.
    pub starts: bool,
    /// Runs the binary with these arguments beside the gateway, again and again until `then` holds: exit status and output.
    pub command: Vec<String>,
    /// One request.
    pub send: Option<Request>,
    /// The same request until `then` holds.
    pub until: Option<Request>,
    /// A request in the background, until `finish`.
    pub start: Option<Request>,
    /// This request over and over in the background, until `finish`; `then` must hold for each.
    pub load: Option<Request>,
    /// The request (or load) in the background ends and `then` holds.
    pub finish: bool,
    /// Waits until so many requests reached the upstream.
    pub upstream_has: Option<usize>,
    /// Lets hanging replies go on.
    pub release: bool,
    /// Waits for this text in the gateway's output.
    pub output: Option<String>,
    /// Waits for the gateway to end.
    pub ends: bool,
    /// What must come.
    pub then: Then,
}

/// Header lines in the order written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Option<String>)>);

/// A rule for the values of one field name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// No such line.
    Absent,
    /// Exactly these lines, in order.
    Equal(Vec<String>),
    /// More than equality.
    Match(Match),
}

/// What a field value must be; all that is given must hold for each line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// Holds this text.
    pub contains: Option<String>,
    /// Does not hold this text.
    pub lacks: Option<String>,
    /// Begins with this text.
    pub starts_with: Option<String>,
    /// Is anything but this.
    pub not: Option<String>,
    /// At most so many bytes in one value.
    pub max_bytes: Option<usize>,
    /// At most so many comma-separated members.
    pub max_members: Option<usize>,
    /// `uuidv7`, `traceparent`, or `methods A, B` (a set, in any order).
    pub format: Option<String>,
    /// So many lines; 1 when absent.
    pub count: Option<usize>,
}

impl Fields {
    /// The lines with a value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }

    /// True when `name` was written, with a value or as null.
    pub fn names(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// True when no line has a value.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::Object(map) = Value::deserialize(from)? else {
            return Err(D::Error::custom("expected name: value"));
        };
        let mut lines = Vec::new();
        for (name, value) in map {
            match value {
                Value::Null => lines.push((name, None)),
                Value::Array(values) => {
                    lines.extend(values.iter().map(|value| (name.clone(), scalar(value).ok())));
                }
                value => lines.push((name, Some(scalar(&value).map_err(D::Error::custom)?))),
            }
        }
        Ok(Self(lines))
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Null => Ok(Self::Absent),
            Value::Array(values) => {
                values.iter().map(scalar).collect::<Result<_>>().map(Self::Equal).map_err(D::Error::custom)
            }
            value @ Value::Object(_) => serde_json::from_value(value).map(Self::Match).map_err(D::Error::custom),
            value => scalar(&value).map(|value| Self::Equal(vec![value])).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Saw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Number(count) => {
                let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
                if count.is_none() {
                    return Err(D::Error::custom("expected a count"));
                }
                Ok(Self { count, ..Self::default() })
            }
            value => {
                let last: SawRequest = serde_json::from_value(value).map_err(D::Error::custom)?;
                let count = last.count.or_else(|| last.whole.is_none().then_some(1));
                Ok(Self { count, whole: last.whole, last })
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileForm {
    text: Option<String>,
    bytes: Option<String>,
    from: Option<String>,
    repeat: Option<(String, usize)>,
    mode: Option<String>,
    symlink: Option<String>,
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self { text: Some(text), ..Self::default() }),
            value => {
                let form: FileForm = serde_json::from_value(value).map_err(D::Error::custom)?;
                let FileForm { text, bytes, from, repeat, mode, symlink } = form;
                Ok(Self { text, bytes, from, repeat, mode, symlink })
            }
        }
    }
}

/// Text, number or boolean as text.
fn scalar(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => bail!("expected a single value, found `{other}`"),
    }
}

/// A list, or one element without its brackets. Not serde's `untagged`, whose errors name no key.
fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    match Value::deserialize(from)? {
        value @ Value::Array(_) => serde_json::from_value(value).map_err(D::Error::custom),
        value => Ok(vec![serde_json::from_value(value).map_err(D::Error::custom)?]),
    }
}
