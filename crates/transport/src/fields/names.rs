//! Which field names the gateway interprets, removes or protects, found by one hash of four bytes and one comparison.

/// A set of names fixed at compile time: `find` costs a few nanoseconds, for a name that is not in it too.
pub(crate) struct Table<K: 'static> {
    rows: &'static [(&'static str, K)],
    /// Place in `rows` plus one; 0 is free.
    slots: [u8; SLOTS],
}

/// Four times the largest table, so that most names that are in none meet a free slot at once.
const SLOTS: usize = 512;

impl<K: Copy> Table<K> {
    /// Rows are told apart by a `u128` of bits, so there are at most 128.
    #[expect(clippy::indexing_slicing, reason = "runs in the compiler only, which checks the index")]
    pub(crate) const fn new(rows: &'static [(&'static str, K)]) -> Self {
        assert!(rows.len() <= 128, "more rows than bits");
        let mut slots = [0; SLOTS];
        let mut at = 0_u8;
        while (at as usize) < rows.len() {
            let mut slot = hash(rows[at as usize].0.as_bytes());
            while slots[slot] != 0 {
                slot = slot.wrapping_add(1) % SLOTS;
            }
            at = at.wrapping_add(1);
            slots[slot] = at;
        }
        Self { rows, slots }
    }

    /// The place and the kind of `name`, which is in lower case.
    pub(crate) fn find(&self, name: &str) -> Option<(u8, K)> {
        let mut slot = hash(name.as_bytes());
        loop {
            let at = self.slots.get(slot).copied().unwrap_or(0).checked_sub(1)?;
            match self.rows.get(usize::from(at)) {
                Some((known, kind)) if *known == name => return Some((at, *kind)),
                _ => slot = slot.wrapping_add(1) % SLOTS,
            }
        }
    }

    /// The names whose bits are set.
    pub(crate) fn named(&self, bits: u128) -> impl Iterator<Item = &'static str> {
        let rows = self.rows;
        let mut bits = bits;
        std::iter::from_fn(move || {
            let at = bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
            rows.get(usize::try_from(at).ok()?).map(|(name, _)| *name)
        })
    }
}

/// The bit of a row.
pub(crate) const fn bit(at: u8) -> u128 {
    1_u128.wrapping_shl(at as u32)
}

const fn hash(name: &[u8]) -> usize {
    let (first, last) = match name {
        [first, .., last] => (*first as usize, *last as usize),
        [one] => (*one as usize, 0),
        [] => (0, 0),
    };
    let (head, tail) = name.split_at(name.len() / 2);
    let before = if let [.., byte] = head { *byte as usize } else { 0 };
    let after = if let [byte, ..] = tail { *byte as usize } else { 0 };
    let mixed = name.len().wrapping_mul(29).wrapping_add(first).wrapping_add(last.wrapping_mul(43));
    mixed.wrapping_add(before.wrapping_mul(7)).wrapping_add(after.wrapping_mul(113)) % SLOTS
}

/// What a request field is to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// What is done with it.
    pub(crate) does: Does,
    /// Twice is 400: the last reader may take the other value.
    pub(crate) is_single: bool,
    /// Octets beyond ASCII are 400: readers disagree on their charset (edge/H37).
    pub(crate) is_ascii: bool,
    /// Its presence makes the exchange one with a credential.
    pub(crate) is_credential: bool,
}

/// What is done with a request field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Forwarded; `Connection` may not remove it.
    Pass,
    /// Removed and counted: a claim about identity, routing or method that only we or a proxy may make.
    Forged,
    /// Removed; counted unless a trusted proxy sent it.
    Forwarding,
    /// Removed: speaks about this connection only.
    Hop,
    Connection,
    ContentLength,
    Cookie,
    Expect,
    /// Forwarded with an upgrade, removed without one.
    Handshake,
    Range,
    Te,
    Upgrade,
    Via,
}

const fn field(does: Does) -> Request {
    Request { does, is_single: false, is_ascii: false, is_credential: false }
}
const PASS: Request = field(Does::Pass);
const FORGED: Request = field(Does::Forged);
const FORWARDING: Request = Request { is_ascii: true, ..field(Does::Forwarding) };
const HOP: Request = field(Does::Hop);
const HANDSHAKE: Request = field(Does::Handshake);
const SINGLE: Request = Request { is_single: true, ..PASS };
const CONTENT: Request = Request { is_ascii: true, ..SINGLE };
const CREDENTIAL: Request = Request { is_credential: true, ..CONTENT };

/// Request fields. Families of forged names are in [`is_forged_family`].
pub(crate) static REQUEST: Table<Request> = Table::new(&[
    ("accept", PASS),
    ("accept-encoding", PASS),
    ("accept-language", PASS),
    ("access-control-request-headers", PASS),
    ("access-control-request-method", SINGLE),
    ("cache-control", PASS),
    ("date", SINGLE),
    ("dnt", PASS),
    ("from", SINGLE),
    ("origin", SINGLE),
    ("pragma", PASS),
    ("priority", PASS),
    ("referer", SINGLE),
    ("user-agent", SINGLE),
    ("max-forwards", SINGLE),
    ("traceparent", PASS), // twice starts a new trace (edge/Y30)
    ("tracestate", PASS),
    ("x-request-id", PASS), // replaced by ours
    ("x-requested-with", PASS),
    ("x-user-agent", PASS), // gRPC-Web; not of the family `x-user-`
    ("if-match", SINGLE),
    ("if-modified-since", SINGLE),
    ("if-none-match", SINGLE),
    ("if-range", SINGLE),
    ("if-unmodified-since", SINGLE),
    ("idempotency-key", SINGLE),
    ("last-event-id", SINGLE),
    ("sec-websocket-key", Request { is_single: true, ..HANDSHAKE }),
    ("sec-websocket-version", Request { is_single: true, ..HANDSHAKE }),
    ("sec-websocket-protocol", HANDSHAKE),
    ("sec-websocket-extensions", HOP), // between us and the upstream there are none (`docs/decisions/0018`)
    ("content-disposition", CONTENT),
    ("content-encoding", CONTENT),
    ("content-language", CONTENT),
    ("content-length", Request { does: Does::ContentLength, ..CONTENT }),
    ("content-location", CONTENT),
    ("content-range", CONTENT),
    ("content-type", CONTENT),
    ("authorization", CREDENTIAL),
    ("cookie", Request { does: Does::Cookie, is_single: false, ..CREDENTIAL }),
    ("dpop", CREDENTIAL),
    ("x-api-key", CREDENTIAL),
    ("api-key", CREDENTIAL),
    ("x-auth-token", CREDENTIAL),
    // Connection-specific (RFC 9110 §7.6.1).
    ("connection", Request { does: Does::Connection, ..HOP }),
    ("http2-settings", HOP),
    ("keep-alive", HOP),
    ("proxy-authenticate", HOP),
    ("proxy-authorization", HOP),
    ("proxy-connection", HOP),
    ("te", Request { does: Does::Te, ..HOP }),
    ("trailer", HOP),
    ("transfer-encoding", HOP),
    ("upgrade", Request { does: Does::Upgrade, is_single: true, ..HOP }),
    ("expect", field(Does::Expect)),
    ("range", Request { does: Does::Range, ..SINGLE }),
    ("via", field(Does::Via)),
    // Address and route as a proxy would report them.
    ("forwarded", FORWARDING),
    ("x-forwarded", FORWARDING),
    ("x-forwarded-for", FORWARDING),
    ("x-forwarded-host", FORWARDING),
    ("x-forwarded-port", FORWARDING),
    ("x-forwarded-prefix", FORWARDING),
    ("x-forwarded-proto", FORWARDING),
    ("x-forwarded-server", FORWARDING),
    ("x-real-ip", FORWARDING),
    ("x-client-ip", FORWARDING),
    ("x-cluster-client-ip", FORWARDING),
    ("x-original-forwarded-for", FORWARDING),
    ("x-remote-addr", FORWARDING),
    ("x-remote-ip", FORWARDING),
    ("x-originating-ip", FORWARDING),
    ("x-proxyuser-ip", FORWARDING),
    ("x-appengine-user-ip", FORWARDING),
    ("x-azure-clientip", FORWARDING),
    ("true-client-ip", FORWARDING),
    ("client-ip", FORWARDING),
    ("cf-connecting-ip", FORWARDING),
    ("cf-connecting-ipv6", FORWARDING),
    ("fastly-client-ip", FORWARDING),
    ("x-host", FORGED),
    ("x-http-host-override", FORGED),
    ("x-original-host", FORGED),
    ("x-original-method", FORGED),
    ("x-original-uri", FORGED),
    ("x-original-url", FORGED),
    ("x-override-url", FORGED),
    ("x-rewrite-url", FORGED),
    ("x-middleware-subrequest", FORGED), // CVE-2025-29927
    ("x-sendfile-type", FORGED),
    ("x-accel-mapping", FORGED),
    ("proxy", FORGED), // becomes HTTP_PROXY under CGI (CVE-2016-5385)
    // The method that is routed is the method that runs (edge/Y7).
    ("x-http-method", FORGED),
    ("x-http-method-override", FORGED),
    ("x-method-override", FORGED),
    // Who calls.
    ("client-cert", FORGED), // RFC 9440
    ("client-cert-chain", FORGED),
    ("remote-user", FORGED),
    ("x-anonymous-consumer", FORGED),
    ("x-credential-identifier", FORGED),
    ("x-goog-iap-jwt-assertion", FORGED),
    ("x-group", FORGED),
    ("x-groups", FORGED),
    ("x-principal", FORGED),
    ("x-remote-user", FORGED),
    ("x-role", FORGED),
    ("x-roles", FORGED),
    ("x-scopes", FORGED),
    ("x-subject", FORGED),
    ("x-tenant", FORGED),
    ("x-user", FORGED),
]);

/// Families of names that only a proxy may set (edge/Y1, Y6).
const FORGED_FAMILIES: [&str; 15] = [
    "x-user-",
    "x-forwarded-", // user, email, groups, client-cert of authentication proxies; what is known of it is in the table
    "x-authenticated-",
    "x-auth-request-",
    "x-portcullis-",
    "x-tenant-",
    "x-client-cert",
    "x-client-dn",
    "x-ssl-",
    "x-envoy-",
    "x-webauth-",
    "x-consumer-",
    "x-ms-client-principal",
    "x-amzn-mtls-",
    "x-goog-authenticated-user-",
];

/// Whether `name`, in lower case and not in [`REQUEST`], is of a family that clients may not send.
pub(crate) fn is_forged_family(name: &str) -> bool {
    match name.as_bytes() {
        [b'x', b'-', ..] => FORGED_FAMILIES.iter().any(|family| name.starts_with(family)),
        [b's', b's', b'l', ..] => name.starts_with("ssl-client-"),
        _ => false,
    }
}

/// Whether CGI and its heirs would fold `name` onto another one: `X_User_Id` and `X.User.Id` onto `X-User-Id` (edge/Y13).
pub(crate) fn is_odd(name: &str) -> bool {
    !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
