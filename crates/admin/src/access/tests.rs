use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (AUTHORIZATION, value.parse().expect("value"))).collect()
}

fn access() -> Access {
    Access { token: Some(Token::of(TOKEN)), ..Access::default() }
}

#[test]
fn only_the_one_bearer_token_opens() {
    let right = format!("Bearer {TOKEN}");
    let cases = [
        (vec![right.as_str()], Ok(()), "the documented form"),
        (vec!["bearer  0123456789abcdef0123456789abcdef "], Ok(()), "schemes ignore case, spaces may follow"),
        (vec![], Err(Refusal::Absent), "none"),
        (vec![TOKEN], Err(Refusal::Absent), "no scheme"),
        (vec!["Basic OnNlY3JldA=="], Err(Refusal::Absent), "another scheme"),
        (vec![&right, &right], Err(Refusal::Absent), "twice"),
        (vec!["Bearer "], Err(Refusal::Wrong), "empty"),
        (vec!["Bearer 0123456789abcdef0123456789abcde"], Err(Refusal::Wrong), "one character less"),
        (vec!["Bearer 0123456789abcdef0123456789abcdef0"], Err(Refusal::Wrong), "one more"),
        (vec!["Bearer 0123456789ABCDEF0123456789ABCDEF"], Err(Refusal::Wrong), "tokens do not ignore case"),
    ];
    for (values, expected, why) in cases {
        assert_eq!(access().judge(&headers(&values), 0), expected, "{why}");
        assert!(Access::default().judge(&headers(&values), 0).is_err(), "{why}: without a token nobody is let in");
    }
}

#[test]
fn after_five_wrong_tokens_none_is_looked_at_for_a_while() {
    let mut access = access();
    let (right, wrong, none) = (headers(&[&format!("Bearer {TOKEN}")]), headers(&["Bearer guess"]), headers(&[]));
    for _ in 0..100 {
        assert_eq!(access.judge(&none, 0), Err(Refusal::Absent), "edge/R8: showing none is no guess");
    }
    for guess in 0..WRONG_AT_ONCE {
        assert_eq!(access.judge(&right, 0), Ok(()), "before guess {guess}");
        assert_eq!(access.judge(&wrong, 0), Err(Refusal::Wrong), "guess {guess}");
    }
    for _ in 0..100 {
        assert_eq!(access.judge(&wrong, 0), Err(Refusal::TooMany), "edge/R8");
        assert_eq!(access.judge(&right, 0), Err(Refusal::TooMany), "edge/R8: a guess that is right is a guess");
    }
    assert_eq!(access.judge(&right, WRONG_EVERY_MICROS - 1), Err(Refusal::TooMany));
    assert_eq!(access.judge(&right, WRONG_EVERY_MICROS), Ok(()), "what was not looked at costs no more waiting");
    assert_eq!(access.judge(&wrong, WRONG_EVERY_MICROS), Err(Refusal::Wrong), "one more guess");
    assert_eq!(access.judge(&right, WRONG_EVERY_MICROS), Err(Refusal::TooMany));
    assert_eq!(access.judge(&right, 100 * WRONG_EVERY_MICROS), Ok(()));
}

#[test]
fn the_first_start_writes_a_random_token_for_the_owner_alone() {
    let folders = [tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder")];
    let texts = folders.each_ref().map(|folder| {
        let path = folder.path().join(TOKEN_FILE);
        fs::write(path.with_extension("partial"), "left by a crash").expect("written");
        Token::open(folder.path()).expect("edge/R8: written");
        let mode = fs::metadata(&path).expect("file").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "edge/R8");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "nothing is left beside it");
        let text = fs::read_to_string(&path).expect("text");
        let token = text.trim_end();
        assert_eq!(token.len(), 64);
        let again = Token::open(folder.path()).expect("read again");
        assert!(again.is(token), "the second start takes what the first one wrote");
        text
    });
    assert_ne!(texts[0], texts[1], "edge/R8: no default exists");
}

#[test]
fn a_token_file_that_protects_nothing_keeps_it_from_starting() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join(TOKEN_FILE);
    let long = "x".repeat(257);
    let cases: [(&[u8], u32, &str); 9] = [
        (TOKEN.as_bytes(), 0o640, "0640"),
        (TOKEN.as_bytes(), 0o604, "0604"),
        (TOKEN.as_bytes(), 0o620, "0620"),
        (b"", 0o600, "not a token"),
        (b"changeme", 0o600, "not a token"),
        (long.as_bytes(), 0o600, "not a token"),
        (b"0123456789abcdef 0123456789abcdef", 0o600, "not a token"),
        (b"0123456789abcdef\n0123456789abcdef", 0o600, "not a token"),
        (b"0123456789abcdef0123456789abcd\xff\xfe", 0o600, "not a token"),
    ];
    for (content, mode, said) in cases {
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
        let error = Token::open(folder.path()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(said) && error.contains("accepted"), "{content:?} {mode:o}: `{error}`");
        assert!(!error.contains("0123456789"), "never shown");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("mode");
    fs::remove_file(&path).expect("removed");
    fs::write(&path, format!("{TOKEN}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("mode");
    assert!(Token::open(folder.path()).expect("one's own token").is(TOKEN));
}
