//! A WebSocket on its way through the pipeline: who may open one, what the upstream made of it, and the tunnel that the exchange
//! lives on in.

use crate::body::ExchangeBody;
use crate::config::Settings;
use crate::exchange::Exchange;
use crate::lifecycle;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, UPGRADE};
use http::{HeaderMap, Response};
use portcullis_core::{Stop, Verdict};
use portcullis_transport::drive::{Connection, Tunnel, TunnelEnd};
use portcullis_transport::harden;
use portcullis_transport::head::Head;
use portcullis_transport::upstream::UpstreamIo;
use portcullis_transport::websocket::{self, Handshake, Limits};

/// A 101 and what came with it.
pub(crate) struct Switched {
    /// Its head.
    pub(crate) response: Response<()>,
    /// The connection to the upstream.
    pub(crate) io: UpstreamIo,
    /// What the upstream already sent in frames.
    pub(crate) leftover: Bytes,
    /// What may pass.
    pub(crate) limits: Limits,
}

/// A WebSocket that was asked for and may be opened.
pub(crate) struct Asked {
    handshake: Handshake,
    limits: Limits,
}

impl Asked {
    /// The tunnel, when a 101 is the answer to what was asked.
    ///
    /// # Errors
    /// The upstream's fault: it has not understood the handshake.
    pub(crate) fn answered(self, response: Response<()>, io: UpstreamIo, leftover: Bytes) -> Result<Switched, Stop> {
        self.handshake.judge(response.headers())?;
        Ok(Switched { response, io, leftover, limits: self.limits })
    }
}

/// The WebSocket that may be opened; `None` where none is asked for, or none is declared.
///
/// # Errors
/// The page that asks is of an origin that may not.
pub(crate) fn admit(
    settings: &Settings,
    head: &Head,
    headers: &HeaderMap,
    is_tls: bool,
) -> Result<Option<Asked>, Stop> {
    let (Some(_), Some(rules)) = (head.cleaned.upgrade, &settings.websocket) else { return Ok(None) };
    websocket::check_origin(rules, headers, is_tls, head.authority.as_str())?;
    Ok(Some(Asked { handshake: Handshake::of(headers), limits: rules.limits }))
}

/// The upstream took the upgrade: the exchange lives on in the tunnel and ends with it.
pub(crate) fn switch(mut x: Box<Exchange>, connection: &Connection, switched: Switched) -> Response<ExchangeBody> {
    let Switched { response, io, leftover, limits } = switched;
    let (mut parts, ()) = response.into_parts();
    x.record.status = parts.status.as_u16();
    harden::strip(&mut parts.headers);
    parts.headers.remove(CONTENT_LENGTH); // a 101 has no content, whatever it says of it (RFC 9110 §8.6)
    parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    lifecycle::say(&mut x, &mut parts.headers);
    harden::sign(&mut parts.headers, x.id.clone());
    let on_end = Box::new(move |end: TunnelEnd| {
        x.record.bytes_in = end.up;
        x.record.bytes_out = end.down;
        match end.cut {
            Some(cut) => {
                x.stopped(&cut.stop());
                x.record.detail = Some(cut.detail().into());
            }
            None => x.record.verdict = if end.is_broken { Verdict::Abandoned } else { Verdict::Allow },
        }
    });
    connection.set_tunnel(Tunnel { upstream: Box::new(io), leftover, limits, on_end });
    Response::from_parts(parts, ExchangeBody::none())
}
