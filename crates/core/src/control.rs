//! The Control registry: one row per protection that this build gives.
//!
//! A configuration that names a control without a row is refused; [`PLANNED`] only makes that message better.

/// How a control acts (design section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Not looked at.
    Off,
    /// Checked and recorded, never acted upon.
    Monitor,
    /// A violation is refused.
    Enforce,
}

impl Mode {
    /// The word of the configuration and the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }
}

/// What a control does when it cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnFault {
    /// Refuse with 503 (a dependency) or 500 (our own fault).
    Deny,
    /// Let the exchange go on; recorded and counted.
    Allow,
}

impl OnFault {
    /// The word of the configuration and the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `room.name`.
    pub id: &'static str,
    /// What it protects, in one sentence.
    pub summary: &'static str,
    /// Sections of the guide that ask for it.
    pub guide: &'static str,
    /// OWASP API Security Top 10 (2023) item.
    pub owasp: &'static str,
    /// The weakness it closes.
    pub cwe: &'static str,
    /// Modes that a configuration may write.
    pub modes: &'static [Mode],
    /// The mode when nothing is written.
    pub default: Mode,
    /// What it does when it cannot decide.
    pub on_fault: OnFault,
}

/// Modes of controls that act before an API is known, or whose absence is itself the attack.
const ENFORCE_ONLY: &[Mode] = &[Mode::Enforce];
/// Modes of controls that can be tried on live traffic.
const ALL_MODES: &[Mode] = &[Mode::Off, Mode::Monitor, Mode::Enforce];

macro_rules! controls {
    ($($variant:ident = $id:literal, $modes:ident, $guide:literal, $owasp:literal, $cwe:literal, $summary:literal;)*) => {
        /// One protection with an id.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Control { $(#[doc = $summary] $variant,)* }

        impl Control {
            /// Every control of this build, in pipeline order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The registry row.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Self::$variant => &Row { id: $id, summary: $summary, guide: $guide, owasp: $owasp, cwe: $cwe,
                        modes: $modes, default: Mode::Enforce, on_fault: OnFault::Deny },)*
                }
            }
        }
    };
}

controls! {
    TransportFraming = "transport.framing", ENFORCE_ONLY, "6", "API8", "CWE-444",
        "one reading of where each request begins and ends; malformed and ambiguous messages are refused";
    TransportBounds = "transport.bounds", ENFORCE_ONLY, "2.4", "API4", "CWE-770",
        "sizes, counts and times of every message stay under their bounds";
    TransportTls = "transport.tls", ENFORCE_ONLY, "6.3", "API8", "CWE-319",
        "TLS 1.2 or 1.3 with AEAD suites; credentials sent in plain text are refused";
    TransportTarget = "transport.target", ENFORCE_ONLY, "2.5, 6", "API5", "CWE-22",
        "one canonical request target for routing, rules, record and upstream; anything ambiguous is refused";
    TransportIdentityHeaders = "transport.identity_headers", ENFORCE_ONLY, "2.2", "API2", "CWE-290",
        "identity, routing and method-override header fields from clients are removed; the client address comes from trusted proxies only";
    RoutingHost = "routing.host", ENFORCE_ONLY, "2.8, 2.9", "API8", "CWE-350",
        "only configured hosts are served";
    RoutingOperation = "routing.operation", ALL_MODES, "2.5, 2.8, 2.9", "API9", "CWE-425",
        "only operations of the API's own OpenAPI document are reachable";
    RoutingInternal = "routing.internal", ENFORCE_ONLY, "2.9", "API9", "CWE-749",
        "internal operations are reachable on internal listeners only";
    RoutingLifecycle = "routing.lifecycle", ALL_MODES, "2.9", "API9", "CWE-1059",
        "clients are told that an operation is deprecated and when it ends; after that it is gone";
    ContractRequest = "contract.request", ALL_MODES, "2.3, 2.4, 5.1, 5.4, 6.2", "API3", "CWE-20",
        "parameters and content of a request keep to the API's own OpenAPI document";
    TransportWebSocket = "transport.websocket", ENFORCE_ONLY, "2.4, 6", "API8", "CWE-1385",
        "a WebSocket is opened where it is declared, by pages that may, and every frame in it keeps the rules and its bounds";
    TransportUpstream = "transport.upstream", ENFORCE_ONLY, "2.10, 6.3", "API10", "CWE-295",
        "the upstream is verified, waited for within deadlines, and its response judged before anything of it is believed";
    ContractResponse = "contract.response", ALL_MODES, "2.3, 2.10", "API3", "CWE-213",
        "a response holds what the API's own OpenAPI document promises, and nothing else leaves";
    ResponseHeaders = "response.headers", ALL_MODES, "5.2, 6.4", "API8", "CWE-693",
        "security header fields are set and revealing ones removed on every response";
    ResponseCors = "response.cors", ALL_MODES, "5.2, 6.4", "API8", "CWE-942",
        "only pages of listed origins may read the API; preflights are answered here";
    ResponseErrors = "response.errors", ALL_MODES, "5.2", "API8", "CWE-209",
        "the content of upstream errors that may show what runs inside is replaced";
}

/// Controls of the design that later builds bring, so that naming one gets the right message.
pub const PLANNED: &[&str] = &[
    "identity.required",
    "identity.exposed",
    "identity.step_up",
    "authz.function",
    "authz.policy",
    "authz.object",
    "authz.property",
    "authz.tenant",
    "contract.rules",
    "limits.rate",
    "limits.quota",
    "limits.concurrency",
    "limits.overload",
    "inspection.crs",
    "flows.human",
    "protection.field",
    "egress.ssrf",
    "detection.brute_force",
];

impl Control {
    /// How many there are; rows of mode tables have this length.
    pub const COUNT: usize = Self::ALL.len();

    /// `room.name`.
    pub const fn id(self) -> &'static str {
        self.row().id
    }

    /// The place in an array with one entry per control.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The control with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|control| control.id() == id)
    }
}
