//! The words of Portcullis: what every room, the gateway and the tests mean by an API, an Operation, a Control, a Reason.
//!
//! **Does**  holds shared vocabulary: ids, Operation, the Control registry, Reason, Stop, Mode, the exchange Record, bounds,
//! Secret, Clock and configuration positions.
//! **Never** does I/O, awaits, or knows what one room keeps per operation.
//! **Flow**  kits, rooms, `admin` and `gateway` import from here; nothing here imports from them.
//! **Fails** with [`config::ConfigError`] only.
//! **Source** the design (sections 2 and 4), RFC 9110, OWASP API Security Top 10 (2023).

pub mod bounds;
pub mod clock;
pub mod config;
pub mod control;
pub mod operation;
pub mod reason;
pub mod record;
pub mod secret;
pub mod stop;
pub mod target;
pub mod violation;

pub use clock::Clock;
pub use control::{Control, Mode};
pub use operation::{ApiId, Operation, OperationId};
pub use reason::Reason;
pub use record::{Record, RequestId, Verdict};
pub use secret::Secret;
pub use stop::{Fault, Stop};
pub use target::{Authority, CanonicalTarget};
pub use violation::{Place, Violation};
