use super::*;

#[test]
fn page_without_a_maximum_is_found() {
    let fields = "parameters: [
        { name: limit, in: query, schema: { type: integer } },
        { name: page_size, in: query, schema: { $ref: '#/components/schemas/Size' } },
        { name: $top, in: query, schema: { type: [integer, 'null'] } },
        { name: per-page, in: query, schema: { type: integer, maximum: 100 } },
        { name: count, in: query, schema: { type: integer, enum: [10, 20] } },
        { name: first, in: query, schema: { $ref: '#/components/schemas/Small' } },
        { name: top, in: query, schema: { type: string } },
        { name: X-Limit, in: header, schema: { type: integer } },
        { name: offset, in: query, schema: { type: integer } }]";
    let schemas =
        "components: { schemas: { Size: { type: integer }, Small: { type: integer, exclusiveMaximum: 9 } } }\n";
    read_with(&(document("3.1.0", "/a", fields) + schemas), "[]", |contract, documents, _| {
        let found: Vec<_> = contract.operations[0].unbounded_pages(documents).map(|parameter| parameter.name).collect();
        assert_eq!(found, ["limit", "page_size", "$top"]);
    });
}
