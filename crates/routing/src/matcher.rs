//! Host + base path + method + canonical path → Operation.

use crate::hosts::Hosts;
use crate::lifecycle::Lifecycle;
use crate::trie::Trie;
use http::{HeaderValue, Method};
use portcullis_core::{ApiId, Authority, CanonicalTarget, Operation, OperationId, Reason, Stop};
use std::ops::Range;

/// The routing room's form of a Snapshot.
#[derive(Debug)]
pub struct Compiled {
    pub(crate) hosts: Hosts,
    pub(crate) apis: Box<[Api]>,
    pub(crate) operations: Box<[Operation]>,
    /// One entry an Operation.
    pub(crate) internal: Box<[bool]>,
    /// One entry an Operation; `None`: active, with no end.
    pub(crate) lifecycles: Box<[Option<Box<Lifecycle>>]>,
}

/// One API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) name: Box<str>,
    /// Without its last slash; empty for the root.
    pub(crate) base_path: Box<str>,
    /// `None`: any.
    pub(crate) hosts: Option<Box<[Box<str>]>>,
    /// Of paths that no operation has.
    pub(crate) lifecycle: Option<Lifecycle>,
    pub(crate) operations: Range<usize>,
    pub(crate) trie: Trie,
    /// One entry a template, at its `Leaf`.
    pub(crate) paths: Box<[Path]>,
}

/// What one template offers.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) methods: Box<[(Method, OperationId)]>,
    /// `Allow` as a public listener sees it; `None` where all operations are internal.
    pub(crate) allow_public: Option<HeaderValue>,
    /// `Allow` as an internal listener sees it.
    pub(crate) allow_internal: HeaderValue,
}

/// Which operations the listener may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A public listener: internal operations look as if they did not exist.
    Public,
    /// A listener with `internal: true`: all operations.
    Internal,
}

/// The answer of the matcher for a host that some API has.
#[derive(Debug)]
pub struct Routed<'a> {
    /// The API whose base path the path has; `None` where no API of this host has it, and then the path is unknown.
    pub api: Option<ApiId>,
    /// What was found.
    pub outcome: Outcome<'a>,
}

/// What was found for a path and a method.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// The Operation. HEAD gives the GET operation where the path declares no HEAD.
    Operation(&'a Operation),
    /// An internal Operation, asked for on a public listener: `routing.internal_only`, answered as an unknown path.
    Internal(&'a Operation),
    /// No template matches: `routing.operation_unknown`.
    PathUnknown,
    /// The path has other methods: `routing.method_unknown`.
    MethodUnknown {
        /// All methods of the path that this audience may see.
        allow: &'a HeaderValue,
    },
}

impl Compiled {
    /// Finds what a request asks for. The port of `authority` plays no part.
    ///
    /// # Errors
    /// [`Reason::HostUnknown`] where no API has the host.
    pub fn find(
        &self,
        authority: &Authority<'_>,
        target: &CanonicalTarget,
        method: &Method,
        audience: Audience,
    ) -> Result<Routed<'_>, Stop> {
        self.find_counted(authority, target, method, audience, &mut 0)
    }

    /// [`Compiled::find`] that adds the trie nodes and mixed segments it looked at to `steps`.
    pub(crate) fn find_counted(
        &self,
        authority: &Authority<'_>,
        target: &CanonicalTarget,
        method: &Method,
        audience: Audience,
        steps: &mut u32,
    ) -> Result<Routed<'_>, Stop> {
        let bases = self.hosts.bases(&authority.host).ok_or(Stop::Deny(Reason::HostUnknown))?;
        let unknown = |api| Ok(Routed { api, outcome: Outcome::PathUnknown });
        let Some((id, rest)) = bases.find(target.path()) else { return unknown(None) };
        let Some(api) = self.apis.get(id.index()) else { return unknown(None) };
        let Some(leaf) = api.trie.find(rest, steps) else { return unknown(Some(id)) };
        let path = usize::try_from(leaf).ok().and_then(|leaf| api.paths.get(leaf));
        let Some(path) = path else { return unknown(Some(id)) };
        Ok(Routed { api: Some(id), outcome: self.choose(path, method, audience) })
    }

    fn choose<'a>(&'a self, path: &'a Path, method: &Method, audience: Audience) -> Outcome<'a> {
        if let Some(operation) = path.operation(method).and_then(|id| self.operation(id)) {
            return if audience == Audience::Public && self.is_internal(operation.id) {
                Outcome::Internal(operation)
            } else {
                Outcome::Operation(operation)
            };
        }
        let allow = match audience {
            Audience::Public => path.allow_public.as_ref(),
            Audience::Internal => Some(&path.allow_internal),
        };
        match allow {
            None => Outcome::PathUnknown,
            Some(allow) => Outcome::MethodUnknown { allow },
        }
    }

    /// Whether a configuration names this host, in lower case; what `redirect_to_https` may redirect to. An API without `hosts`
    /// is served under any host but names none.
    pub fn serves_host(&self, host: &str) -> bool {
        self.hosts.names(host)
    }

    /// All Operations, each at [`OperationId::index`].
    pub const fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The Operation with this id; `None` for an id of another Snapshot.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.get(id.index())
    }

    /// Whether the Operation is served on internal listeners only. An id of another Snapshot is.
    pub fn is_internal(&self, id: OperationId) -> bool {
        self.internal.get(id.index()).is_none_or(|is_internal| *is_internal)
    }

    /// What is said of an Operation that is deprecated or ends; of the API itself for a request that is none of its Operations.
    pub fn lifecycle(&self, api: ApiId, operation: Option<OperationId>) -> Option<&Lifecycle> {
        match operation {
            Some(id) => self.lifecycles.get(id.index())?.as_deref(),
            None => self.apis.get(api.index())?.lifecycle.as_ref(),
        }
    }

    /// All APIs with their names, in the order of the configuration.
    pub fn apis(&self) -> impl Iterator<Item = (ApiId, &str)> {
        self.apis.iter().zip(0..).map(|(api, place)| (ApiId(place), &*api.name))
    }

    /// The name of an API; empty for an id of another Snapshot.
    pub fn api_name(&self, id: ApiId) -> &str {
        self.apis.get(id.index()).map_or("", |api| &api.name)
    }

    /// The hosts that an API is served under; `None`: any.
    pub fn hosts_of(&self, id: ApiId) -> Option<&[Box<str>]> {
        self.apis.get(id.index())?.hosts.as_deref()
    }

    /// The base path of an API without its last slash: what `upstream_path` replaces. Empty for the root.
    pub fn base_path(&self, id: ApiId) -> &str {
        self.apis.get(id.index()).map_or("", |api| &api.base_path)
    }

    /// The Operations of one API, in the order of its document.
    pub fn operations_of(&self, id: ApiId) -> &[Operation] {
        let range = self.apis.get(id.index()).map_or(0..0, |api| api.operations.clone());
        self.operations.get(range).unwrap_or_default()
    }

    /// The Operation of an API with this operationId. For load time: it looks at all of them.
    pub fn operation_named(&self, api: ApiId, name: &str) -> Option<&Operation> {
        self.operations_of(api).iter().find(|operation| &*operation.name == name)
    }
}

impl Path {
    fn operation(&self, method: &Method) -> Option<OperationId> {
        let declared =
            |wanted: &Method| self.methods.iter().find(|(declared, _)| declared == wanted).map(|(_, id)| *id);
        declared(method).or_else(|| if method == Method::HEAD { declared(&Method::GET) } else { None })
    }
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
