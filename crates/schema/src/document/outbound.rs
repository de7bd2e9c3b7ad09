//! Webhooks and callbacks: requests that the API sends. They are read so that errors in them are found, and enforced nowhere.

use super::fields;
use super::model::{Contract, HeaderValue, MediaType, Outbound, Parameter, ParameterValue};
use super::reader::Reader;
use portcullis_openapi::{Key, Node, PathItem};

impl<'d> Reader<'d> {
    /// `webhooks` of the document.
    pub(super) fn webhooks(&mut self, contract: &mut Contract<'d>) {
        let root = self.documents.root();
        for (key, node) in self.map(root, "webhooks") {
            self.outbound(key, &key.text, node, contract);
        }
    }

    /// `callbacks` of one operation: each has path items by the address that is called.
    pub(super) fn callbacks(&mut self, operation: &'d Node, contract: &mut Contract<'d>) {
        for (name, callback) in self.map(operation, "callbacks") {
            match self.documents.follow(callback) {
                Ok(callback) => {
                    for (key, node) in callback.entries().iter().filter(|(key, _)| !key.text.starts_with("x-")) {
                        self.outbound(key, &name.text, node, contract);
                    }
                }
                Err(errors) => self.findings.extend(errors),
            }
        }
    }

    fn outbound(&mut self, key: &'d Key, name: &'d str, node: &'d Node, contract: &mut Contract<'d>) {
        let before = std::mem::replace(&mut self.is_outbound, true);
        let item = PathItem::read(self.documents, self.version, node, &mut self.findings);
        let mut schemas = Vec::new();
        collect_parameters(&self.parameters(item.get("parameters")), &mut schemas);
        for (_, _, operation) in item.operations(self.documents, &mut self.findings) {
            self.documents.check_fields(operation, &fields::OPERATION, self.version, &mut self.findings);
            collect_parameters(&self.parameters(operation.get("parameters")), &mut schemas);
            if let Some(body) = operation.get("requestBody").and_then(|body| self.body(body)) {
                collect(&body.content, &mut schemas);
            }
            for response in self.responses(operation) {
                collect(&response.content, &mut schemas);
                for header in response.headers {
                    match header.value {
                        HeaderValue::Styled { schema, .. } => schemas.push(schema),
                        HeaderValue::Content(media) => collect(&[media], &mut schemas),
                        HeaderValue::Waived => {}
                    }
                }
            }
        }
        self.is_outbound = before;
        contract.outbound.push(Outbound { place: key.place, name, schemas });
    }
}

fn collect_parameters<'d>(parameters: &[Parameter<'d>], schemas: &mut Vec<&'d Node>) {
    for parameter in parameters {
        match &parameter.value {
            ParameterValue::Styled(styled) => schemas.push(styled.schema),
            ParameterValue::Content(media) => collect(std::slice::from_ref(media), schemas),
            ParameterValue::Waived => {}
        }
    }
}

fn collect<'d>(content: &[MediaType<'d>], schemas: &mut Vec<&'d Node>) {
    schemas.extend(content.iter().flat_map(|media| media.schema.into_iter().chain(media.item_schema)));
}
