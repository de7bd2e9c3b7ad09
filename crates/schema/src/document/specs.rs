//! Parameters of the document → [`Parameters`] of `values`, with the types that the compiled schemas say.

use super::model::{Operation, Parameter, ParameterValue};
use crate::shape::Shape;
use crate::values::media::Reading;
use crate::values::{Content, Options, Parameters, Spec, SpecError, SpecProblem, Writing};
use crate::waivers::Waivers;
use portcullis_core::config::ConfigError;
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

    /// How it is read, given what its schema says of its type; `None` where it is not enforced.
    #[must_use]
    pub fn spec(&self, shape: Shape) -> Option<Spec> {
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
            ParameterValue::Waived => return None,
        };
        Some(Spec { name: self.name.into(), location: self.location, writing, required: self.required, shape })
    }
}

impl<'d> Operation<'d> {
    /// Compiles the parameters of the operation and says of each compiled one where it stands in [`Operation::parameters`].
    /// What has no defined form is a finding, and left out where it is waived. `None`: there are errors.
    pub fn compile_parameters(
        &self,
        documents: &Documents,
        waivers: &Waivers,
        options: &Options,
        mut shape: impl FnMut(&'d Node) -> Shape,
        findings: &mut Vec<ConfigError>,
    ) -> Option<(Parameters, Vec<usize>)> {
        let specs = self.parameters.iter().enumerate();
        let mut specs: Vec<(usize, Spec)> =
            specs.filter_map(|(place, parameter)| Some((place, parameter.spec(shape(parameter.schema()?))?))).collect();
        let before = findings.len();
        // Each round leaves at least one parameter out, or is the last.
        loop {
            let compiled = Parameters::compile(specs.iter().map(|(_, spec)| spec.clone()).collect(), options.clone());
            let errors = match compiled {
                Ok(parameters) => {
                    let is_enforced = !has_errors(findings.get(before..).unwrap_or_default());
                    return is_enforced.then(|| (parameters, specs.iter().map(|(place, _)| *place).collect()));
                }
                Err(errors) => errors,
            };
            let mut left_out = Vec::new();
            for SpecError { parameter, problem } in errors {
                let found =
                    parameter.and_then(|place| specs.get(place)).and_then(|(place, _)| self.parameters.get(*place));
                let Some(found) = found else {
                    findings.push(documents.error(self.place, format!("operation `{}`: {problem}", self.name), ""));
                    return None;
                };
                findings.push(finding(documents, waivers, found, &problem));
                left_out.extend(parameter);
            }
            let mut place = 0_usize;
            specs.retain(|_| {
                let is_kept = !left_out.contains(&place);
                place = place.saturating_add(1);
                is_kept
            });
        }
    }
}

fn has_errors(findings: &[ConfigError]) -> bool {
    findings.iter().any(|finding| finding.severity == portcullis_core::config::Severity::Error)
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
