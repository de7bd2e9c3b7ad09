//! What patterns mean, and which are refused.

use super::{Pattern, PatternError};

#[test]
fn patterns_mean_what_ecma_262_says() {
    let cases = [
        // pattern, text, matches, why
        ("b", "abc", true, "anywhere"),
        (r"^\d$", "\u{0663}", false, "digits are of ASCII"),
        (r"^\w$", "é", false, "words are of ASCII"),
        (r"^\W$", "é", true, "words are of ASCII"),
        (r"^\s$", "\u{feff}", true, "white space is of Unicode"),
        (r"^\S$", "\u{3000}", false, "white space is of Unicode"),
        ("^abc$", "abc\n", false, "`$` is the end"),
        ("^.$", "\u{2028}", false, "a line separator is no `.`"),
        ("^.$", "\u{85}", true, "NEL is"),
        (r"^a\/b$", "a/b", true, "an escaped slash"),
        (r"^\cA\x41\u0041\u{1F600}\uD83D\uDE00$", "\u{1}AA😀😀", true, "characters by number"),
        (r"^[\b]$", "\u{8}", true, "in a class, `\\b` is a backspace"),
        (r"\bab\b", "x ab.", true, "at the bounds of words"),
        (r"\bab\b", "xab", false, "at the bounds of words"),
        (r"^[a-z&&[^b]+$", "a&[^b", true, "no operations on sets"),
        (r"^[a-z--m]+$", "b--", true, "`--m` is a range"),
        (r"^[\w.-]+$", "a.-", true, "a dash before the end"),
        (r"^[\p{L}]{2}\P{L}$", "é字1", true, "properties"),
        (r"^\p{Script=Greek}$", "α", true, "scripts"),
        ("^{a}$", "{a}", true, "a brace that counts nothing"),
        ("^(?<year>[0-9]{4})$", "2026", true, "names of groups"),
        ("^🐲*$", "🐲🐲", true, "beyond the basic plane"),
        ("^a# b$", "a# b", true, "no comments"),
        (r"^(?=.*\d)(?!.*\s)(?=.*[A-Z]).{8,}$", "Passw0rdX", true, "look-ahead at the beginning"),
        (r"^(?=.*\d)(?!.*\s)(?=.*[A-Z]).{8,}$", "PasswordX", false, "no digit"),
        (r"^(?=.*\d)(?!.*\s)(?=.*[A-Z]).{8,}$", "Passw0rd X", false, "a blank"),
        (r"^(?=a(?:b|c))[a-c]$", "a", false, "what is ahead goes beyond the match"),
    ];
    for (pattern, text, matches, why) in cases {
        let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(compiled.matches(text), matches, "{pattern} on {text:?}: {why}");
    }
}

#[test]
fn patterns_that_cannot_be_matched_in_linear_time_are_refused() {
    // contract/O-46, and what else means nothing.
    let cases = [
        (r"^(a+)\1$", 6, "a back-reference takes more than linear time"),
        (r"(?<a>b)\k<a>", 8, "a back-reference takes more than linear time"),
        ("[^]*", 2, "an empty class"),
        ("(", 1, "`(` without `)`"),
        (r"a\Z", 3, "an escape that ECMA-262 does not have"),
        ("a**", 3, "nothing to repeat"),
        ("a++", 3, "nothing to repeat"),
        ("(?i)a", 3, "`(?:`, `(?<name>` are accepted"),
        ("[b-a]", 4, "a range that ends before it begins"),
        (r"\ud800", 6, "half of a surrogate pair is no character"),
    ];
    for (pattern, at, why) in cases {
        assert_eq!(Pattern::new(pattern).err(), Some(PatternError::At(at, why)), "{pattern}");
    }
    for look in ["a(?=b)", "(?<=a)b", "(?<!a)b", "(?=a)b", "^a(?!b)", "^(?=a(?=b))c"] {
        let error = Pattern::new(look).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("look-around"), "{look}: {error}");
    }
    assert!(Pattern::new("^(?=a)b|c$").is_err(), "`^` is of the first branch only");
}

#[test]
fn patterns_have_a_size() {
    // contract/O-47
    let error = Pattern::new("^([a-z0-9]{1,1000}){1,1000}$").err();
    assert_eq!(error, Some(PatternError::Size));
    assert_eq!(error.map(|error| error.to_string()), Some("it needs more than 8 MiB compiled".into()));
    assert_eq!(Pattern::new(&"a".repeat(5000)).err(), Some(PatternError::Length));
}

#[test]
fn no_text_makes_a_pattern_slow() {
    // contract/V-51: with backtracking, this would not end.
    let pattern = Pattern::new("^(a+)+$").unwrap();
    assert!(!pattern.matches(&format!("{}!", "a".repeat(100_000))));
}
