use std::io::{BufRead, Cursor};

use super::{Answer, read};

#[test]
fn two_answers_on_one_connection_are_read_apart() {
    let mut stream = Cursor::new(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 404 Not Found\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(read(&mut stream).unwrap(), Answer { status: 200, is_last: false });
    assert_eq!(read(&mut stream).unwrap(), Answer { status: 404, is_last: true });
    assert!(stream.fill_buf().unwrap().is_empty());
}

#[test]
fn what_is_cut_short_is_an_error() {
    for text in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"] {
        assert!(read(&mut Cursor::new(text)).is_err(), "{text}");
    }
}
