use super::*;

#[test]
fn host_is_a_name_or_an_address_alone() {
    let cases = [
        ("api.example.com", Ok("api.example.com"), "the common form"),
        ("API.Example.com", Ok("api.example.com"), "edge/N16, N10: hosts are compared in lower case"),
        ("xn--bcher-kva.example", Ok("xn--bcher-kva.example"), "edge/N18: compared as ASCII"),
        ("localhost", Ok("localhost"), ""),
        ("my_service", Ok("my_service"), "container networks have such names"),
        ("10.0.0.1", Ok("10.0.0.1"), "edge/N18: an IP host if configured"),
        ("[::1]", Ok("[::1]"), "edge/N18"),
        ("[0:0:0:0:0:0:0:1]", Ok("[::1]"), "one spelling"),
        ("bücher.example", Err(HostError::Grammar), "write the A-label"),
        ("api.example.com:8443", Err(HostError::Port), "the listener has the port"),
        ("[::1]:8443", Err(HostError::Port), ""),
        ("::1", Err(HostError::Grammar), "brackets"),
        ("*.example.com", Err(HostError::Wildcard), ""),
        ("*", Err(HostError::Wildcard), "leave `hosts` out"),
        ("api.example.com.", Err(HostError::TrailingDot), "edge/N16"),
        ("https://api.example.com", Err(HostError::Url), ""),
        ("api.example.com/v1", Err(HostError::Url), ""),
        ("", Err(HostError::Grammar), ""),
        ("a..b", Err(HostError::Grammar), ""),
        ("-a.example", Err(HostError::Grammar), ""),
        ("a b", Err(HostError::Grammar), ""),
        ("1.2.3", Err(HostError::Grammar), "parsers disagree about short addresses"),
        ("010.0.0.1", Err(HostError::Grammar), "and about octal ones"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(parse_host(text).as_deref(), expected.as_ref().copied(), "{text}: {why}");
    }
}
