//! Parameters of the document → [`Parameters`] of `values`, with the types that the compiled schemas say.

use super::model::{Operation, Parameter, ParameterValue};
use crate::shape::Shape;
use crate::values::media::Reading;
use crate::values::{Content, Options, Parameters, Spec, SpecError, SpecProblem, Writing};
use crate::waivers::Waivers;
use portcullis_core::config::{ConfigError, Severity};
use portcullis_openapi::{Documents, Node};

impl<'d> Parameter<'d> {
    /// The schema of its value; `None` where it is not enforced.
    #[must_use]
    pub const fn schema(&self) -> Option<&'d Node> {
        match &self.value {
            ParameterValue::Styled(styled) => Some(styled.schema),
            ParameterValue::Content(media) => media.schema,
            ParameterValue::Waived => None,
        }
    }

    /// How it is read, given what its schema says of its type.
    #[must_use]
    pub fn spec(&self, shape: Shape) -> Spec {
        let writing = match &self.value {
            ParameterValue::Styled(styled) => Writing::Styled {
                style: styled.style,
                explode: styled.explode,
                allow_reserved: styled.allow_reserved,
                allow_empty: styled.allow_empty_value,
            },
            ParameterValue::Content(media) => Writing::Content(match media.reading {
                Reading::Form => Content::Form,
                Reading::Text => Content::Text,
                _ => Content::Json,
            }),
            ParameterValue::Waived => Writing::Unread,
        };
        Spec { name: self.name.into(), location: self.location, writing, required: self.required, shape }
    }
}

impl<'d> Operation<'d> {
    /// Compiles the parameters of the operation, in their order; `shapes` are what their schemas say of their types. What has no
    /// defined form is a finding, and not looked at where it is waived. `None`: there are errors.
    pub fn compile_parameters(
        &self,
        documents: &Documents,
        waivers: &Waivers,
        options: &Options,
        shapes: impl IntoIterator<Item = Shape>,
        findings: &mut Vec<ConfigError>,
    ) -> Option<Parameters> {
        let specs = self.parameters.iter().zip(shapes);
        let mut specs: Vec<Spec> = specs.map(|(parameter, shape)| parameter.spec(shape)).collect();
        loop {
            let errors = match Parameters::compile(specs.clone(), options.clone()) {
                Ok(parameters) => return Some(parameters),
                Err(errors) => errors,
            };
            let before = findings.len();
            for SpecError { parameter, problem } in errors {
                let found = parameter.and_then(|place| self.parameters.get(place).zip(specs.get_mut(place)));
                let Some((parameter, spec)) = found else {
                    let message = format!("operation `{}`: {problem}", self.name);
                    findings.push(documents.error(self.place, message, "another configuration"));
                    continue;
                };
                findings.push(finding(documents, waivers, parameter, &problem));
                // Each round looks at one parameter less, or is the last.
                if std::mem::replace(&mut spec.writing, Writing::Unread) == Writing::Unread {
                    return None;
                }
            }
            if findings.iter().skip(before).any(|finding| finding.severity == Severity::Error) {
                return None;
            }
        }
    }
}

fn finding(documents: &Documents, waivers: &Waivers, parameter: &Parameter<'_>, problem: &SpecProblem) -> ConfigError {
    let message = format!("parameter `{}`: {problem}", parameter.name);
    match problem {
        SpecProblem::Collision(_) | SpecProblem::QueryString | SpecProblem::HeaderName(_) => {
            documents.error(parameter.place, message, "parameters that cannot be taken for each other")
        }
        _ => waivers.unenforced(documents, parameter.place, message, "another style, or `content`"),
    }
}
