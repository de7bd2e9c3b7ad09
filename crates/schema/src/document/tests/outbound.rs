use super::*;

const OUTBOUND: &str = "openapi: 3.1.0
paths:
  /a:
    post:
      callbacks:
        paid:
          '{$request.body#/url}':
            post: { requestBody: { content: { application/xml: { schema: { type: object } } } }, responses: { 200: {} } }
        again: { $ref: '#/components/callbacks/Again' }
      responses: { 201: { links: { get: { operationId: none } } } }
webhooks:
  sent:
    post:
      parameters: [{ name: X-Sign, in: header, schema: { type: string } }]
      requestBody: { content: { application/json: { schema: { type: integer } } } }
      responses: { 200: { headers: { X: { schema: { type: boolean } } } } }
components: { callbacks: { Again: { 'http://a.example/{id}': { put: {} } } } }
";

#[test]
fn what_the_api_sends_is_read_and_has_no_route() {
    read(OUTBOUND, "[]", |contract| {
        assert_eq!(lines(&contract.findings), "", "contract/O-48: XML is not enforced here, so it is no error");
        let operations: Vec<_> = contract.operations.iter().map(|operation| &*operation.name).collect();
        assert_eq!(operations, ["POST /a"], "contract/O-48: no route");
        assert!(contract.operations[0].has_callbacks);
        let found: Vec<_> =
            contract.outbound.iter().map(|found| (found.name, found.place.line, found.schemas.len())).collect();
        assert_eq!(found, [("paid", 7, 0), ("again", 17, 0), ("sent", 12, 3)], "contract/O-48: schemas to be checked");
    });
}

#[test]
fn errors_in_what_the_api_sends_are_found() {
    let cases = [
        ("X-Sign, in: header", "X-Sign, in: heder", "unknown location `heder`; nearest: `header`"),
        ("put: {}", "putt: {}", "unknown field of a path item `putt`; nearest: `put`"),
        ("callbacks/Again' }", "callbacks/Agan' }", "leads nowhere; nearest: `Again`"),
        ("200: {} }", "20: {} }", "`20` is no status of a response"),
    ];
    for (right, wrong, expected) in cases {
        let text = OUTBOUND.replace(right, wrong);
        let found = read(&text, "[]", |contract| lines(&contract.findings));
        assert!(found.contains(expected), "contract/O-48: {wrong}: {found}");
    }
}
