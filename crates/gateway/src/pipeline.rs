//! One exchange, from the head of the request to the body of the response. It reads from top to bottom; the numbers are the
//! stages of the design. Controls that are enforce-only stop with `?`; the others pass through `settle`.

use crate::body::{ExchangeBody, FromUpstream, Patience, RequestBody};
use crate::config::{Settings, Timeouts};
use crate::contract;
use crate::cors;
use crate::errors::{self, Judged};
use crate::exchange::{Exchange, Upload};
use crate::grpc;
use crate::inventory;
use crate::lifecycle;
use crate::render::{self, Problem};
use crate::response::{self, Asked};
use crate::snapshot::{Pinned, Snapshot};
use crate::websocket::{self, Switched};
use crate::worker::Worker;
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, HOST, HeaderValue, LOCATION, TE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use portcullis_core::bounds::MAX_FORWARDED_HEAD_BYTES;
use portcullis_core::record::Finding;
use portcullis_core::{CanonicalTarget, Control, Mode, Reason, Stop, Verdict, Violation};
use portcullis_routing::{Audience, Outcome};
use portcullis_transport::client::Client;
use portcullis_transport::drive::{self, Connection, Content};
use portcullis_transport::fields::{self, FIELD_OVERHEAD, Onward};
use portcullis_transport::head::{self, Head};
use portcullis_transport::listener::Facts;
use portcullis_transport::redirect::{self, Redirect};
use portcullis_transport::target::Target;
use portcullis_transport::upstream::{self, Attempt, Forwarded, Protocol};
use portcullis_transport::wheel::Timer;
use portcullis_transport::{client, harden, trace};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// What the stages before the response came to.
enum Answer {
    /// The upstream's, not hardened yet.
    Upstream(Response<FromUpstream>),
    /// The upstream's status; the content is ours.
    Replaced { reason: Reason, status: StatusCode, fields: HeaderMap },
    /// The upstream took the upgrade: the connection becomes a tunnel once its head is written.
    Switched(Switched),
    /// Ours, and not a refusal: a redirect, or what `OPTIONS` asks.
    Own(StatusCode, HeaderMap),
}

/// Answers one request. Whatever happens in the stages, a panic included, is an answer and a record.
pub async fn handle(
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
) -> Response<ExchangeBody> {
    let (parts, content) = request.into_parts();
    let content = Content::new(content, &connection);
    let mut x = Exchange::open(&worker, parts.method.clone());
    x.connection = Some(Rc::clone(&connection));
    x.record.client = connection.peer.ip();
    x.record.http = if parts.version == Version::HTTP_2 { 2 } else { 1 };
    x.tls = connection.listener.tls;
    x.grpc = grpc::media_type(&parts);
    let deadline = worker.wheel.timer();
    let outcome = {
        let mut stages = pin!(stages(&worker, &connection, &mut x, parts, content, &deadline));
        std::future::poll_fn(|context| {
            match std::panic::catch_unwind(AssertUnwindSafe(|| stages.as_mut().poll(context))) {
                Ok(Poll::Ready(outcome)) => Poll::Ready(outcome),
                Ok(Poll::Pending) => deadline.poll_expired(context).map(|()| Err(Stop::fault(Reason::ExchangeTimeout))),
                Err(_) => Poll::Ready(Err(Stop::fault(Reason::Internal))),
            }
        })
        .await
    };
    x.deadline = Some(deadline);
    match outcome {
        Ok(Answer::Upstream(response)) => respond_head(x, response),
        Ok(Answer::Replaced { reason, status, fields }) => replace(x, reason, status, &fields),
        Ok(Answer::Switched(switched)) => websocket::switch(x, &connection, switched),
        Ok(Answer::Own(status, headers)) => respond_own(x, status, headers),
        Err(stop) => refuse(x, &connection, &stop),
    }
}

/// Stages 2 to 13.
async fn stages(
    worker: &Rc<Worker>,
    connection: &Connection,
    x: &mut Exchange,
    mut parts: Parts,
    content: Content,
    deadline: &Timer,
) -> Result<Answer, Stop> {
    let snapshot = Rc::clone(&x.snapshot);

    // 2 normalise: one reading of client, target and host; what the client may not say is removed.
    let client = client::address(connection.peer, &parts.headers, &snapshot.head.proxies)?;
    x.record.client = client.address;
    check_rate(worker, connection, x, &client)?;
    let head = head::normalise(&mut parts, client, x.tls, &snapshot.head)?;
    x.record.removed_fields = head.cleaned.removed;
    x.is_credentialed = head.cleaned.is_credentialed;
    if connection.listener.redirect_to_https {
        return redirect_to_https(&parts.method, &head, &snapshot);
    }
    let Target::Origin(target) = &head.target else { return Ok(Answer::Own(StatusCode::NO_CONTENT, HeaderMap::new())) };

    // 3 route: host, path and method to one Operation.
    check_name(connection, &head)?;
    let proven = connection.client_certificate(head.authority.host(), x.record.started_at / 1_000_000);
    x.record.client_certificate = proven.map(|certificate| certificate.sha256);
    let audience = if connection.listener.internal { Audience::Internal } else { Audience::Public };
    let routed = snapshot.routes.find(&head.authority.view(), target, &parts.method, audience);
    let routed = routed.map_err(|stop| misdirected(stop, connection))?;
    x.record.api = routed.api;
    let other_method =
        |method: &Method| match snapshot.routes.find(&head.authority.view(), target, method, audience).ok()?.outcome {
            Outcome::Operation(operation) => Some(operation.id),
            Outcome::Internal(_) | Outcome::PathUnknown | Outcome::MethodUnknown { .. } => None,
        };
    if let Some(fields) = cors::preflight(x, &parts, other_method)? {
        return Ok(Answer::Own(StatusCode::NO_CONTENT, fields));
    }
    let found = match routed.outcome {
        Outcome::Operation(operation) => {
            x.record.operation = Some(operation.id);
            Ok(())
        }
        Outcome::Internal(operation) => {
            x.record.operation = Some(operation.id);
            return Err(Stop::Deny(Reason::InternalOnly));
        }
        Outcome::PathUnknown => Err(Stop::Deny(Reason::OperationUnknown)),
        Outcome::MethodUnknown { allow } => {
            x.allow = Some(allow.clone());
            Err(Stop::Deny(Reason::MethodUnknown))
        }
    };
    x.undocumented = inventory::sight(x, &worker.inventory, found.is_err(), target, &parts);
    x.settle(Control::RoutingOperation, found)?;
    // A path of no API has nowhere to go, whatever the mode.
    let known = routed.api.and_then(|id| Some((id, snapshot.api(id)?)));
    let Some((api_id, api)) = known else { return Err(Stop::Deny(Reason::OperationUnknown)) };
    lifecycle::check(x, api_id)?;
    let settings = x.record.operation.and_then(|id| snapshot.operation(id)).unwrap_or(&api.default);
    if let Some(timeout) = settings.timeout {
        deadline.arm(timeout);
    }

    // 3 upgrade: to a WebSocket only, where one is declared, and from pages that may open it.
    let upgrade = websocket::admit(settings, &head, &parts.headers, x.tls)?;

    // 6 parameters, 8 content: what the API's document says of them. Content is bounded as it streams, and a length that says too
    // much is refused before a byte of it.
    let contract = x.record.operation.and_then(|id| snapshot.contracts.operation(id));
    let mut content = watch_content(worker, x, content, settings)?;
    let mut changed = None;
    if let Some(contract) = contract {
        let base = snapshot.routes.base_path(api_id).len();
        changed = contract::parameters(x, contract, base, target, &parts.headers)?;
        let rules = (contract, settings.max_body);
        content = contract::content(worker, x, rules, &parts.method, content, &mut parts.headers)?.done().await?;
        contract::prepare(x, contract, &mut parts.headers);
    }
    let target = changed.as_ref().unwrap_or(target);

    // 13 forward: to an endpoint of the API's upstream, with what we say of the request instead of what it said itself.
    let upstream = snapshot.upstream(api).ok_or(Stop::fault(Reason::Internal))?;
    let asked = Asked { head: &head, id: api_id, api, upstream: &upstream.compiled, contract };
    address(&snapshot, &asked, target, &mut parts, &mut content)?;
    let request = upstream_request(worker, connection, x, parts, &head, upgrade.is_some())?.map(|()| content);
    if upstream.may_overflow && head_bytes(&request) > MAX_FORWARDED_HEAD_BYTES {
        return Err(Stop::fault(Reason::UpstreamHead)); // edge/P22: refused, never cut
    }
    let attempt = Attempt { replayable: false, upgrade: upgrade.is_some() };
    x.record.stages.decided = x.elapsed();
    let answer = upstream::forward(&worker.pools, &upstream.compiled, request, attempt, deadline).await;
    x.record.stages.answered = x.elapsed();
    if upgrade.is_some() {
        connection.close_after_exchange(); // whatever is answered: what the client sends behind a handshake is no request
    }
    receive(worker, x, asked, answer, upgrade).await
}

/// One client address gets its share before anything dear is done for it. Behind a trusted proxy that names no client nobody
/// knows how many there are.
fn check_rate(worker: &Worker, connection: &Connection, x: &Exchange, client: &Client) -> Result<(), Stop> {
    let Facts { id, requests_per_address, .. } = connection.listener;
    let Some(pace) = requests_per_address else { return Ok(()) };
    let is_exempt = client.is_trusted && x.snapshot.head.proxies.contains(client.address);
    if is_exempt || worker.requests.take(client.address, id, pace, x.started()) {
        return Ok(());
    }
    Err(Stop::Deny(Reason::AddressRate))
}

/// A connection serves the name that its TLS handshake asked for: another one may have another certificate and another policy
/// for client certificates (edge/T5). A trusted proxy speaks for many hosts under one name.
fn check_name(connection: &Connection, head: &Head) -> Result<(), Stop> {
    match &connection.sni {
        Some(name) if **name != *head.authority.host() && !head.client.is_trusted => {
            Err(Stop::Deny(Reason::HostMisdirected))
        }
        _ => Ok(()),
    }
}

/// A client that uses one HTTP/2 connection for several hosts is told to open another (RFC 9110 §15.5.20, edge/N17).
fn misdirected(stop: Stop, connection: &Connection) -> Stop {
    match (stop, connection.protocol) {
        (Stop::Deny(Reason::HostUnknown), drive::Protocol::Http2) => Stop::Deny(Reason::HostMisdirected),
        (stop, _) => stop,
    }
}

fn redirect_to_https(method: &Method, head: &Head, snapshot: &Snapshot) -> Result<Answer, Stop> {
    let is_known = snapshot.routes.serves_host(head.authority.host());
    match redirect::decide(method, head, is_known, snapshot.https_port) {
        Redirect::To(location) => {
            Ok(Answer::Own(StatusCode::PERMANENT_REDIRECT, HeaderMap::from_iter([(LOCATION, location)])))
        }
        Redirect::Deny(reason) => Err(Stop::Deny(reason)),
    }
}

fn watch_content(
    worker: &Worker,
    x: &mut Exchange,
    content: Content,
    settings: &Settings,
) -> Result<RequestBody, Stop> {
    let max_bytes = settings.max_body;
    if content.is_end_stream() {
        return Ok(RequestBody::Empty);
    }
    if content.size_hint().lower() > max_bytes {
        return Err(Stop::Deny(Reason::BodyTooLarge));
    }
    let upload = Rc::new(Upload::default());
    x.upload = Some(Rc::clone(&upload));
    inventory::keep_request(x, &upload);
    let Timeouts { body_idle: idle, slow_body, .. } = x.snapshot.timeouts;
    let patience = Patience { idle, slow: settings.timeout.map(|_| slow_body) };
    Ok(RequestBody::new(content, max_bytes, worker.wheel.timer(), patience, upload))
}

/// The target and the host that the upstream sees, and how the content will come.
fn address(
    snapshot: &Pinned,
    asked: &Asked<'_>,
    target: &CanonicalTarget,
    parts: &mut Parts,
    content: &mut RequestBody,
) -> Result<(), Stop> {
    let Asked { head, id, api, .. } = *asked;
    let upstream = snapshot.upstream(api).ok_or(Stop::fault(Reason::Internal))?;
    if upstream.compiled.protocol() == Protocol::Http2 {
        content.pass_trailers(snapshot);
        if head.cleaned.takes_trailers {
            parts.headers.insert(TE, HeaderValue::from_static("trailers")); // gRPC servers ask for it
        }
    }
    parts.uri = Uri::from(snapshot.upstream_target(id, target)?);
    let host = if api.preserve_host { Some(head.authority.to_value()?) } else { upstream.compiled.host().cloned() };
    parts.headers.extend(host.map(|host| (HOST, host)));
    parts.headers.extend(upstream.fields.iter().cloned());
    if !content.is_end_stream() && !parts.headers.contains_key(CONTENT_LENGTH) {
        // Content without a length goes in chunks, whatever the method (edge/H20).
        parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Ok(())
}

/// The request as the upstream gets it: what we say of it in place of what it said itself.
fn upstream_request(
    worker: &Worker,
    connection: &Connection,
    x: &Exchange,
    mut parts: Parts,
    head: &Head,
    upgrade: bool,
) -> Result<Request<()>, Stop> {
    let trace = trace::context(&parts.headers, head.client.is_trusted, || worker.random())?;
    let onward =
        Onward { client: head.client, is_tls: x.tls, authority: &head.authority, request_id: x.id.clone(), trace };
    fields::forwarded(&mut parts.headers, onward, &mut connection.forwarded.borrow_mut())?;
    match head.cleaned.upgrade {
        Some(asked) if upgrade => fields::restore_upgrade(&mut parts.headers, asked),
        _ if head.cleaned.has_handshake => fields::drop_handshake(&mut parts.headers),
        _ => {}
    }
    let mut request = Request::new(());
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.headers_mut() = parts.headers;
    Ok(request)
}

/// Stage 14, judge: what the upstream says of origins, cookies and places, and what an error shows.
async fn receive(
    worker: &Worker,
    x: &mut Exchange,
    asked: Asked<'_>,
    answer: Result<upstream::Answer<RequestBody>, upstream::Failed>,
    upgrade: Option<websocket::Asked>,
) -> Result<Answer, Stop> {
    let (endpoint, attempts, forwarded) = match answer {
        Ok(answer) => (Some(answer.endpoint), answer.attempts, Ok(answer.forwarded)),
        Err(failed) => (failed.endpoint, failed.attempts, Err(failed.stop)),
    };
    (x.record.endpoint, x.record.attempts) = (endpoint, attempts);
    let mut response = match forwarded? {
        Forwarded::Response(response) => response,
        Forwarded::Switched { response, io, leftover } => {
            let asked = upgrade.ok_or(Stop::fault(Reason::Internal))?; // a 101 that nobody asked for does not come this far
            return Ok(Answer::Switched(asked.answered(response, io, leftover)?));
        }
    };
    let status = response.status();
    response::fields(x, asked, status, response.headers_mut())?;
    let judged = if status.as_u16() < 400 {
        Judged::Passed(response.map(FromUpstream::Streamed))
    } else {
        Box::pin(errors::judge(x, asked.upstream, response)).await?
    };
    let judged = match (judged, asked.contract) {
        (Judged::Passed(response), Some(contract)) => contract::response(worker, x, contract, response).done().await?,
        (judged, _) => judged,
    };
    Ok(match judged {
        Judged::Passed(response) => Answer::Upstream(response),
        Judged::Replaced { reason, status, fields } => Answer::Replaced { reason, status, fields },
    })
}

/// What the head of a request takes on the wire, within a few bytes.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    request.headers().iter().fold(target, |sum, (name, value)| {
        sum.saturating_add(name.as_str().len()).saturating_add(value.len()).saturating_add(FIELD_OVERHEAD)
    })
}

/// Stage 15 for an upstream's response: what protects the client is set.
fn respond_head(mut x: Box<Exchange>, response: Response<FromUpstream>) -> Response<ExchangeBody> {
    let (mut parts, content) = response.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    x.record.status = parts.status.as_u16();
    inventory::keep_response(&mut x, &parts);
    harden_response(&mut x, &mut parts.headers);
    harden::sign(&mut parts.headers, x.id.clone());
    Response::from_parts(parts, ExchangeBody::upstream(content, x))
}

/// `routing.lifecycle`, `response.cors`, then `response.headers`. What it would change is its finding in monitor.
pub(crate) fn harden_response(x: &mut Exchange, headers: &mut HeaderMap) {
    lifecycle::say(x, headers);
    let is_shared = cors::say(x, headers);
    let mode = x.mode(Control::ResponseHeaders);
    if mode == Mode::Off {
        return;
    }
    let facts = harden::Facts { is_tls: x.tls, is_credentialed: x.is_credentialed, is_shared };
    let snapshot = Rc::clone(&x.snapshot);
    let rules = x.record.api.and_then(|api| snapshot.api(api)).map_or(&snapshot.harden, |api| &api.harden);
    let changes = harden::response(headers, facts, rules, mode == Mode::Enforce);
    if mode == Mode::Monitor && !changes.is_empty() {
        x.record.note(Finding { control: Control::ResponseHeaders, reason: Reason::ResponseHeadersWeak });
    }
}

/// An answer of our own that is no refusal.
fn respond_own(mut x: Box<Exchange>, status: StatusCode, headers: HeaderMap) -> Response<ExchangeBody> {
    x.record.verdict = Verdict::Allow;
    respond_fields(x, status, headers)
}

/// An answer without content.
fn respond_fields(mut x: Box<Exchange>, status: StatusCode, mut headers: HeaderMap) -> Response<ExchangeBody> {
    x.record.status = status.as_u16();
    harden_response(&mut x, &mut headers);
    harden::sign(&mut headers, x.id.clone());
    let mut response = Response::new(ExchangeBody::whole(Bytes::new(), x));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// A refusal or a fault, as `render` has chosen it.
fn refuse(mut x: Box<Exchange>, connection: &Connection, stop: &Stop) -> Response<ExchangeBody> {
    // A failed upload is the client's doing, whatever the upstream made of it.
    let client = x.upload.as_ref().and_then(|upload| upload.failed.get()).map(Stop::Deny);
    let stop = client.as_ref().unwrap_or(stop);
    x.stopped(stop);
    let problem = render::problem(stop.reason());
    if problem.close {
        connection.close_after_exchange();
    }
    if let Some(media_type) = x.grpc {
        return respond_fields(x, StatusCode::OK, render::grpc(&problem, media_type));
    }
    x.record.status = problem.status.as_u16();
    let mut headers = render::fields(&problem, x.allow.as_ref());
    if let Some(accept) = x.accept.take().filter(|_| problem.status == StatusCode::UNSUPPORTED_MEDIA_TYPE) {
        // RFC 9110 §15.5.16, RFC 5789 §2.2
        headers.insert(if x.record.method == Method::PATCH { ACCEPT_PATCH } else { ACCEPT }, accept);
    }
    // What breaks the contract of a response is not the client's business.
    let violations =
        if stop.control() == Control::ContractRequest { x.record.violations.clone() } else { Box::default() };
    send_problem(x, &problem, headers, &violations)
}

/// An error of the upstream with content of ours.
fn replace(mut x: Box<Exchange>, reason: Reason, status: StatusCode, kept: &HeaderMap) -> Response<ExchangeBody> {
    (x.record.reason, x.record.mode, x.record.verdict) = (Some(reason), Mode::Enforce, Verdict::Allow);
    x.record.status = status.as_u16();
    let problem = render::upstream_error(status);
    let mut headers = render::fields(&problem, kept.get(ALLOW));
    for (name, value) in kept.iter().filter(|(name, _)| **name != ALLOW) {
        headers.append(name, value.clone());
    }
    send_problem(x, &problem, headers, &[])
}

fn send_problem(
    mut x: Box<Exchange>,
    problem: &Problem,
    mut headers: HeaderMap,
    violations: &[Violation],
) -> Response<ExchangeBody> {
    let content = render::content(problem, x.id_text(), violations);
    harden_response(&mut x, &mut headers);
    harden::sign(&mut headers, x.id.clone());
    let content = if x.record.method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
        Bytes::new()
    } else {
        content
    };
    let mut response = Response::new(ExchangeBody::whole(content, x));
    (*response.status_mut(), *response.headers_mut()) = (problem.status, headers);
    response
}
