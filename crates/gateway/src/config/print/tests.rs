use super::*;

#[test]
fn columns_are_characters_however_long_the_line() {
    let long = "é€x".repeat(2000);
    let lines = Lines::of(format!("plain\r\n{long}\nlast"));
    for column in [0, 1, 2, 1023, 1024, 1025, 4097, 5999] {
        let expected: String = long.chars().skip(column).collect();
        assert_eq!(lines.after(1, column), Some(expected.as_str()), "{column}");
    }
    assert_eq!(lines.after(1, 6000), Some(""), "the end");
    assert_eq!(lines.after(1, 100_000), Some(""), "behind the end");
    assert_eq!(lines.after(0, 2), Some("ain"), "without the line end");
    assert_eq!(lines.after(0, 9), Some(""));
    assert_eq!(lines.after(2, 3), Some("t"));
    assert_eq!(lines.after(3, 0), None, "no such line");
}
