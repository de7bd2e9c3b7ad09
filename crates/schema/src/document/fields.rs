//! The fields of each object whose fields change what is enforced. Objects that only describe (Info, Tag, Example, Link) are not
//! judged: a slip in them lets nothing through.

use portcullis_openapi::Object;
use portcullis_openapi::Version::{V3_0, V3_1, V3_2};

pub(super) const DOCUMENT: Object = Object {
    name: "the document",
    fields: &[
        ("openapi", V3_0),
        ("$self", V3_2),
        ("info", V3_0),
        ("jsonSchemaDialect", V3_1),
        ("servers", V3_0),
        ("paths", V3_0),
        ("webhooks", V3_1),
        ("components", V3_0),
        ("security", V3_0),
        ("tags", V3_0),
        ("externalDocs", V3_0),
    ],
};

pub(super) const COMPONENTS: Object = Object {
    name: "`components`",
    fields: &[
        ("schemas", V3_0),
        ("responses", V3_0),
        ("parameters", V3_0),
        ("examples", V3_0),
        ("requestBodies", V3_0),
        ("headers", V3_0),
        ("securitySchemes", V3_0),
        ("links", V3_0),
        ("callbacks", V3_0),
        ("pathItems", V3_1),
        ("mediaTypes", V3_2),
    ],
};

pub(super) const OPERATION: Object = Object {
    name: "an operation",
    fields: &[
        ("tags", V3_0),
        ("summary", V3_0),
        ("description", V3_0),
        ("externalDocs", V3_0),
        ("operationId", V3_0),
        ("parameters", V3_0),
        ("requestBody", V3_0),
        ("responses", V3_0),
        ("callbacks", V3_0),
        ("deprecated", V3_0),
        ("security", V3_0),
        ("servers", V3_0),
    ],
};

pub(super) const PARAMETER: Object = Object {
    name: "a parameter",
    fields: &[
        ("name", V3_0),
        ("in", V3_0),
        ("description", V3_0),
        ("required", V3_0),
        ("deprecated", V3_0),
        ("allowEmptyValue", V3_0),
        ("style", V3_0),
        ("explode", V3_0),
        ("allowReserved", V3_0),
        ("schema", V3_0),
        ("example", V3_0),
        ("examples", V3_0),
        ("content", V3_0),
    ],
};

pub(super) const HEADER: Object = Object {
    name: "a header",
    fields: &[
        ("description", V3_0),
        ("required", V3_0),
        ("deprecated", V3_0),
        ("style", V3_0),
        ("explode", V3_0),
        ("schema", V3_0),
        ("example", V3_0),
        ("examples", V3_0),
        ("content", V3_0),
    ],
};

pub(super) const REQUEST_BODY: Object =
    Object { name: "a request body", fields: &[("description", V3_0), ("content", V3_0), ("required", V3_0)] };

pub(super) const MEDIA_TYPE: Object = Object {
    name: "a media type",
    fields: &[
        ("schema", V3_0),
        ("itemSchema", V3_2),
        ("example", V3_0),
        ("examples", V3_0),
        ("encoding", V3_0),
        ("prefixEncoding", V3_2),
        ("itemEncoding", V3_2),
    ],
};

pub(super) const ENCODING: Object = Object {
    name: "an encoding",
    fields: &[
        ("contentType", V3_0),
        ("headers", V3_0),
        ("style", V3_0),
        ("explode", V3_0),
        ("allowReserved", V3_0),
        ("encoding", V3_2),
        ("prefixEncoding", V3_2),
        ("itemEncoding", V3_2),
    ],
};

pub(super) const RESPONSE: Object = Object {
    name: "a response",
    fields: &[("summary", V3_2), ("description", V3_0), ("headers", V3_0), ("content", V3_0), ("links", V3_0)],
};

pub(super) const SECURITY_SCHEME: Object = Object {
    name: "a security scheme",
    fields: &[
        ("type", V3_0),
        ("description", V3_0),
        ("name", V3_0),
        ("in", V3_0),
        ("scheme", V3_0),
        ("bearerFormat", V3_0),
        ("flows", V3_0),
        ("openIdConnectUrl", V3_0),
        ("oauth2MetadataUrl", V3_2),
        ("deprecated", V3_2),
    ],
};
