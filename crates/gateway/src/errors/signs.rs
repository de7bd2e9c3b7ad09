//! What an error must not show: words of frameworks, drivers and systems that no contract has (CWE-209).
//!
//! A sign is chosen so that an honest message does not hold it by chance: whole phrases, a source file with a line number, an
//! address that is private. It is a net for accidents, not for an upstream that hides what it says.

use memchr::memmem;
use portcullis_transport::location::is_internal_v4;
use std::net::Ipv4Addr;

/// Phrases, by what they are a sign of.
const PHRASES: &[(&str, &[&str])] = &[
    (
        "stack trace",
        &[
            "Traceback (most recent call last)",
            "Stack trace:",
            "stack backtrace:",
            "Exception in thread",
            "Unhandled Exception",
            "Unhandled exception",
            "Uncaught Error",
            "Uncaught Exception",
            "PHP Fatal error",
            "Fatal error</b>",
            "UnhandledPromiseRejection",
            "at Object.<anonymous>",
            "processTicksAndRejections",
            "node:internal/",
            "node_modules/",
            "site-packages/",
            "goroutine 1 [",
            "panic: runtime error",
            "panicked at ",
            "NullPointerException",
            "NullReferenceException",
            "NoMethodError",
            "at java.",
            "at javax.",
            "at System.",
            "at Microsoft.",
            "org.springframework.",
            "Whitelabel Error Page",
            "Werkzeug",
            "DEBUG = True",
        ],
    ),
    (
        "database error",
        &[
            "SQLSTATE",
            "SQL syntax",
            "SQLITE_",
            "SQLException",
            "SqlException",
            "MySqlException",
            "PSQLException",
            "PDOException",
            "sqlite3.",
            "psycopg",
            "asyncpg.",
            "sqlalchemy.",
            "pymysql",
            "django.db.",
            "org.hibernate",
            "ActiveRecord::",
            "Mysql2::",
            "PG::",
            "ORA-0",
            "ORA-1",
            "ORA-2",
            "Unclosed quotation mark",
            "quoted string not properly terminated",
            "syntax error at or near",
            "Incorrect syntax near",
            "violates unique constraint",
            "violates foreign key constraint",
            "violates not-null constraint",
            "violates check constraint",
            "duplicate key value",
            "Duplicate entry '",
            "UNIQUE constraint failed",
            "FOREIGN KEY constraint failed",
            "Unknown column '",
            "E11000 duplicate key",
            "MongoServerError",
            "MongoError",
            "WRONGTYPE Operation",
            "INSERT INTO ",
            "DELETE FROM ",
        ],
    ),
    (
        "internal address",
        &[
            "ECONNREFUSED",
            "ENOTFOUND",
            "EHOSTUNREACH",
            "getaddrinfo",
            "Connection refused",
            "connection refused",
            "dial tcp ",
            "no such host",
            "jdbc:",
            "postgres://",
            "postgresql://",
            "mysql://",
            "mongodb://",
            "mongodb+srv://",
            "redis://",
            "amqp://",
            ".svc.cluster.local",
        ],
    ),
    ("server version", &["Apache Tomcat/", "<address>Apache/", "<center>nginx/", "PHP/"]),
];

/// Endings of source files, and whether `ending:digits` may also be a host of a country with its port.
const SOURCES: [(&str, bool); 17] = [
    (".java", false),
    (".kt", false),
    (".scala", false),
    (".cs", false),
    (".vb", false),
    (".js", false),
    (".mjs", false),
    (".cjs", false),
    (".ts", false),
    (".tsx", false),
    (".rb", false),
    (".php", false),
    (".go", false),
    (".ex", false),
    (".clj", false),
    (".py", true),
    (".rs", true),
];

/// Folders of servers, and what a file in them ends with.
const FOLDERS: [&str; 10] =
    ["/home/", "/var/", "/usr/", "/opt/", "/srv/", "/app/", "/root/", "/etc/", "/Users/", "/workspace/"];
const FILES: [&str; 10] = [".jar", ".class", ".so", ".dll", ".conf", ".ini", ".env", ".log", ".sqlite", ".db"];

/// What `content` shows that it must not; `None`: nothing that is known. `endpoints` are authorities of the upstream.
pub(crate) fn find<'a>(content: &[u8], endpoints: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let plain; // JSON may write `\/` for `/`
    let content = if memmem::find(content, b"\\/").is_some() {
        plain = unescaped(content);
        plain.as_slice()
    } else {
        content
    };
    let holds = |phrase: &str| memmem::find(content, phrase.as_bytes()).is_some();
    let phrase = PHRASES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| holds(phrase))).map(|(sign, _)| *sign);
    phrase
        .or_else(|| SOURCES.iter().any(|source| names_line(content, *source)).then_some("stack trace"))
        .or_else(|| (names_file(content) || names_drive(content)).then_some("internal path"))
        .or_else(|| (names_endpoint(content, endpoints) || names_private(content)).then_some("internal address"))
}

fn unescaped(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut bytes = content.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' || bytes.peek() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

/// `Orders.java:42`, `app.py", line 3`, `index.php on line 7`, `index.php(7)`, `Orders.cs:line 4`.
fn names_line(content: &[u8], (ending, may_be_host): (&str, bool)) -> bool {
    memmem::find_iter(content, ending.as_bytes()).any(|at| {
        let after = content.get(at.saturating_add(ending.len())..).unwrap_or_default();
        let quoted = after.strip_prefix(b"\\").unwrap_or(after);
        if quoted.starts_with(b"\", line ") || after.starts_with(b" on line ") || after.starts_with(b":line ") {
            return true;
        }
        let Some((b':' | b'(', number)) = after.split_first() else { return false };
        let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && (!may_be_host || number.get(digits) == Some(&b':'))
    })
}

/// A file of the server: an absolute path in a folder that servers have.
fn names_file(content: &[u8]) -> bool {
    FOLDERS.iter().any(|folder| {
        memmem::find_iter(content, folder.as_bytes()).any(|at| {
            let is_start = at.checked_sub(1).and_then(|before| content.get(before)).is_none_or(|byte| !is_word(*byte));
            let path = content.get(at..).unwrap_or_default();
            let end = path.iter().position(|byte| !(is_word(*byte) || matches!(byte, b'/' | b'.' | b'@')));
            let path = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
            let path = path.strip_suffix(b".").unwrap_or(path);
            let is_file = |ending: &str| path.ends_with(ending.as_bytes());
            is_start
                && (FILES.iter().any(|ending| is_file(ending)) || SOURCES.iter().any(|(ending, _)| is_file(ending)))
        })
    })
}

/// `C:\inetpub`, in JSON `C:\\inetpub`.
fn names_drive(content: &[u8]) -> bool {
    memmem::find_iter(content, b":\\").any(|at| {
        let before = |back: usize| at.checked_sub(back).and_then(|at| content.get(at)).copied();
        let is_drive = before(1).is_some_and(|byte| byte.is_ascii_uppercase()) && !before(2).is_some_and(is_word);
        let after = |ahead: usize| content.get(at.saturating_add(ahead)).copied().unwrap_or(b' ');
        // Behind one `\`, these letters are an escape of JSON.
        let is_folder = match after(2) {
            b'\\' => is_word(after(3)),
            next => is_word(next) && !b"nrtubf".contains(&next),
        };
        is_drive && is_folder
    })
}

fn names_endpoint<'a>(content: &[u8], endpoints: impl Iterator<Item = &'a str>) -> bool {
    let mut endpoints = endpoints.filter(|endpoint| endpoint.contains(['.', ':'])); // `shop` is also a word
    endpoints.any(|endpoint| memmem::find(content, endpoint.as_bytes()).is_some())
}

/// An IPv4 address that is not of the internet.
fn names_private(content: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    content.split(|byte| !is_part(byte)).any(|word| {
        let word = word.strip_suffix(b".").unwrap_or(word);
        let address = std::str::from_utf8(word).ok().filter(|word| word.len() <= 15);
        address.and_then(|word| word.parse::<Ipv4Addr>().ok()).is_some_and(is_internal_v4)
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests;
