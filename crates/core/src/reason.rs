//! Why an exchange was refused or failed: one flat enum, so that `gateway::render` must answer every one of them.

use crate::Control;

macro_rules! reasons {
    ($($variant:ident = $id:literal, $control:ident, $summary:literal;)*) => {
        /// The stable id of a refusal or a fault, `room.reason`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $(#[doc = $summary] $variant,)* }

        impl Reason {
            /// Every reason of this build.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// `room.reason`, stable across releases.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it means, in one sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }

            /// The control that gives it.
            pub const fn control(self) -> Control {
                match self { $(Self::$variant => Control::$control,)* }
            }
        }
    };
}

reasons! {
    RequestMalformed = "transport.request_malformed", TransportFraming, "the message breaks the grammar of HTTP";
    TransferCodingUnknown = "transport.transfer_coding_unknown", TransportFraming, "a transfer coding other than chunked";
    VersionUnsupported = "transport.version_unsupported", TransportFraming, "the HTTP version is not 1.1 or 2";
    BodyMalformed = "transport.body_malformed", TransportFraming, "the content ended early or its framing is broken";
    HeaderRepeated = "transport.header_repeated", TransportFraming, "a header field that may stand once stands twice";
    ConnectionField = "transport.connection_field", TransportFraming, "the Connection field lists too many or protected names";
    ExpectationUnknown = "transport.expectation_unknown", TransportFraming, "an Expect other than 100-continue";
    UpgradeRefused = "transport.upgrade_refused", TransportFraming, "an upgrade that cannot be tunnelled safely";
    MethodRefused = "transport.method_refused", TransportFraming, "TRACE, TRACK, CONNECT or a malformed method";

    AddressRate = "transport.address_rate", TransportBounds, "this client address sends more requests than its share";
    TargetTooLong = "transport.target_too_long", TransportBounds, "the request target is over its bound";
    HeadTooLarge = "transport.head_too_large", TransportBounds, "header fields are over their bounds";
    ContentMemory = "transport.content_memory", TransportBounds, "there is no memory for content that a rule needs whole";
    BodyTooLarge = "transport.body_too_large", TransportBounds, "the content is over its bound";
    HeadTimeout = "transport.head_timeout", TransportBounds, "the head did not arrive in time";
    BodyTimeout = "transport.body_timeout", TransportBounds, "the content did not arrive in time";
    ExchangeTimeout = "transport.exchange_timeout", TransportBounds, "the whole exchange took longer than its deadline";
    WriteStalled = "transport.write_stalled", TransportBounds, "the client took too little of the response for too long";
    H2Flood = "transport.h2_flood", TransportBounds, "an HTTP/2 client sent too many frames of one kind; its connection ended";

    PlaintextCredentials = "transport.plaintext_credentials", TransportTls, "a credential was sent in plain text";

    TargetAmbiguous = "transport.target_ambiguous", TransportTarget, "two parsers may read the target differently";
    TargetForm = "transport.target_form", TransportTarget, "the target is not in origin form";
    AuthorityInvalid = "transport.authority_invalid", TransportTarget, "the host is missing, repeated, malformed or contradictory";
    QueryTooMany = "transport.query_too_many", TransportTarget, "too many query pairs, or a name that is too long";

    ForwardedInvalid = "transport.forwarded_invalid", TransportIdentityHeaders, "the forwarding chain of a trusted proxy is over its bound";
    ForwardingLoop = "transport.forwarding_loop", TransportIdentityHeaders, "this gateway has seen the request before";

    HostUnknown = "routing.host_unknown", RoutingHost, "no API is served under this host";
    HostMisdirected = "routing.host_misdirected", RoutingHost, "this connection serves no API under this host";
    OperationUnknown = "routing.operation_unknown", RoutingOperation, "no operation has this path";
    MethodUnknown = "routing.method_unknown", RoutingOperation, "the path has no operation with this method";
    InternalOnly = "routing.internal_only", RoutingInternal, "an internal operation asked for on a public listener";
    Deprecated = "routing.deprecated", RoutingLifecycle, "a response of a deprecated operation, or of one that ends, did not say so";
    Sunset = "routing.sunset", RoutingLifecycle, "the operation has ended";

    ParameterInvalid = "contract.parameter_invalid", ContractRequest, "a parameter is missing, repeated, not declared, or breaks its schema";
    ContentUnexpected = "contract.content_unexpected", ContractRequest, "content where the operation takes none";
    ContentMissing = "contract.content_missing", ContractRequest, "no content where the operation needs it";
    MediaTypeRefused = "contract.media_type_refused", ContractRequest, "the media type, its charset or the coding of the content is not one that the operation takes";
    ContentUnreadable = "contract.content_unreadable", ContractRequest, "the content breaks the grammar of its media type or coding, or its bounds";
    ContentInvalid = "contract.content_invalid", ContractRequest, "the content breaks its schema";

    WebSocketOrigin = "transport.websocket_origin", TransportWebSocket, "a page of another origin asked for a WebSocket";
    WebSocketVersion = "transport.websocket_version", TransportWebSocket, "a WebSocket handshake of another version than 13";
    WebSocketFrame = "transport.websocket_frame", TransportWebSocket, "a frame of the client breaks the WebSocket protocol; both sides were closed with 1002";
    WebSocketTooLarge = "transport.websocket_too_large", TransportWebSocket, "a message of the client is over its bound; both sides were closed with 1009";
    WebSocketRate = "transport.websocket_rate", TransportWebSocket, "the client sent more frames than its share; both sides were closed with 1008";
    WebSocketTimeout = "transport.websocket_timeout", TransportWebSocket, "a WebSocket was silent, or open, for too long; both sides were closed with 1001";

    UpstreamUnavailable = "transport.upstream_unavailable", TransportUpstream, "no endpoint of the upstream can be used";
    UpstreamConnect = "transport.upstream_connect", TransportUpstream, "the connection to the upstream failed";
    UpstreamTls = "transport.upstream_tls", TransportUpstream, "the upstream's certificate or TLS handshake was not accepted";
    UpstreamTimeout = "transport.upstream_timeout", TransportUpstream, "the upstream did not answer in time";
    UpstreamClosed = "transport.upstream_closed", TransportUpstream, "the upstream closed before its response was complete";
    UpstreamMalformed = "transport.upstream_malformed", TransportUpstream, "the upstream's response breaks the grammar or the rules of HTTP";
    UpstreamHead = "transport.upstream_head", TransportUpstream, "the request's head is over its bound with the fields that the gateway adds";
    UpstreamInterim = "transport.upstream_interim", TransportUpstream, "an unsolicited 101 or too many interim responses";

    ResponseStatus = "contract.response_status", ContractResponse, "the upstream answered with a status that the operation does not declare";
    ResponseMediaType = "contract.response_media_type", ContractResponse, "the upstream answered with a media type that the operation does not declare, or in a form that cannot be looked at";
    ResponseUnreadable = "contract.response_unreadable", ContractResponse, "the content of the response breaks the grammar of its media type";
    ResponseInvalid = "contract.response_invalid", ContractResponse, "the response breaks its schema";
    ResponseUndeclared = "contract.response_undeclared", ContractResponse, "the response holds properties that the operation does not declare, or that are only written";
    ResponseTooLarge = "contract.response_too_large", ContractResponse, "the response is too large to be looked at";

    ResponseHeadersWeak = "response.headers_weak", ResponseHeaders, "the response lacked security header fields, or carried revealing ones";

    CorsOrigin = "response.cors_origin", ResponseCors, "a preflight of a page whose origin is not listed";
    CorsMethod = "response.cors_method", ResponseCors, "a preflight for a method that no operation of this path offers to pages of other origins";
    CorsField = "response.cors_field", ResponseCors, "a preflight for a header field that pages of other origins may not set";
    CorsUpstream = "response.cors_upstream", ResponseCors, "the upstream said itself which other origins may read";

    CookieWeak = "response.cookie_weak", ResponseHeaders, "a cookie lacked Secure, HttpOnly or SameSite, or claimed more than its host";
    LocationInternal = "response.location_internal", ResponseHeaders, "the response points to an internal address";

    ServerError = "response.server_error", ResponseErrors, "the content of a 5xx of the upstream is not for clients";
    ErrorDetail = "response.error_detail", ResponseErrors, "the content of a 4xx shows what runs inside, or cannot be looked at";

    Internal = "transport.internal", TransportFraming, "the gateway failed on its own";
}
