//! The byte guard of HTTP/1.1, on a whole connection.
//!
//! Its verdict does not depend on the cuts; what it counts only grows; a broken rule is the end. Two other readers, one
//! plain and one that is hyper, find the same requests in what it lets pass.

use portcullis_transport::guard::{Guard, Halt, Place};

use crate::cuts::cuttings;
use crate::h1::{self, Tail};
use crate::hyper_side;

/// All of it.
pub fn check(data: &[u8]) {
    let [whole, single, odd] = cuttings(data);
    let walk = Walk::of(&single);
    for pieces in [whole, odd] {
        assert_eq!(Walk::of(&pieces).end, walk.end, "the verdict depends on the cuts");
    }
    let good = &data[..walk.end.good];
    let (messages, tail) = h1::read(good);
    let bounds: Vec<(usize, usize)> = messages.iter().map(|message| (message.head.end, message.end)).collect();
    assert_eq!(walk.messages, bounds, "other boundaries");
    let place = match tail {
        Tail::Between => Place::Between,
        Tail::Head => Place::Head,
        Tail::Content => Place::Content,
    };
    let is_broken = walk.end.halt.is_some();
    assert!(is_broken || place == walk.end.place, "{place:?} is another place than {:?}", walk.end.place);
    let expected: Vec<(String, Vec<u8>)> =
        messages.into_iter().map(|message| (message.method, message.content)).collect();
    let found = hyper_side::served(good);
    assert!(expected.starts_with(&found), "hyper serves {found:?}, not {expected:?}");
    heads_are_whole(good, &walk);
}

/// Where a connection ends up.
#[derive(Debug, PartialEq, Eq)]
struct End {
    good: usize,
    halt: Option<Halt>,
    heads: u32,
    place: Place,
}

struct Walk {
    end: End,
    /// End of the head and of the whole of each complete request, exact where the pieces are single bytes.
    messages: Vec<(usize, usize)>,
}

impl Walk {
    fn of(pieces: &[&[u8]]) -> Self {
        let mut guard = Guard::new();
        let (mut good, mut head_end, mut messages) = (0, None, Vec::new());
        'pieces: for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let before = guard.heads();
                let passed = guard.inspect(rest);
                good += passed;
                rest = &rest[passed..];
                assert!(guard.heads() >= before, "heads only grow");
                assert!(guard.halt().is_some() || rest.is_empty(), "it stops only with a reason");
                if guard.heads() > before {
                    assert_ne!(
                        (guard.place(), piece.len()),
                        (Place::Head, 1),
                        "content or the next message follows a head"
                    );
                    head_end = Some(good);
                }
                if guard.place() == Place::Between
                    && let Some(head_end) = head_end.take()
                {
                    messages.push((head_end, good));
                }
                match guard.halt() {
                    None => {}
                    Some(Halt::Undecided) => {
                        assert_eq!((guard.inspect(b"GET"), guard.place()), (0, Place::Between), "it waits");
                        guard.resume();
                        assert_eq!(guard.halt(), None);
                    }
                    broken => {
                        guard.resume();
                        assert_eq!((guard.inspect(b"GET"), guard.halt()), (0, broken), "a broken rule is the end");
                        break 'pieces;
                    }
                }
            }
        }
        let end = End { good, halt: guard.halt(), heads: guard.heads(), place: guard.place() };
        Self { end, messages }
    }
}

/// The parser inside hyper never wants more bytes for a head than the guard gave it, nor fewer.
fn heads_are_whole(good: &[u8], walk: &Walk) {
    let mut at = 0;
    for (head_end, end) in &walk.messages {
        let mut fields = [httparse::EMPTY_HEADER; 256];
        match httparse::Request::new(&mut fields).parse(&good[at..*end]) {
            Ok(httparse::Status::Complete(length)) => assert_eq!(at + length, *head_end, "another end of a head"),
            Ok(httparse::Status::Partial) => panic!("a head that goes on: {:?}", good[at..*end].escape_ascii()),
            Err(_) => {} // it has rules of its own
        }
        at = *end;
    }
}
