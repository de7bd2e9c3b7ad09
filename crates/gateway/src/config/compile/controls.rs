//! Modes of controls, per API and per operation.

use super::Compiler;
use crate::config::entries::Named;
use crate::config::plan::Modes;
use crate::config::shape::ControlMode;
use portcullis_core::config::{ConfigError, ScalarOr, Spanned};
use portcullis_core::control::PLANNED;
use portcullis_core::{Control, Mode};

/// Modes of one API.
pub(super) struct ApiModes<'a> {
    /// Of the API itself.
    pub(super) default: Modes,
    /// Of single operations, not yet compared with the document.
    pub(super) operations: Vec<(&'a Spanned<String>, Control, Mode)>,
}

impl Compiler<'_> {
    /// Reads `controls:` of one API.
    pub(super) fn modes<'a>(&mut self, written: &'a Named<ScalarOr<ControlMode>>) -> ApiModes<'a> {
        let mut modes = ApiModes { default: std::array::from_fn(default_mode), operations: Vec::new() };
        for (name, setting) in written.iter() {
            let Some(control) = self.control(name) else { continue };
            let mut set = |mode: Option<Mode>| {
                if let (Some(mode), Some(slot)) = (mode, modes.default.get_mut(control.index())) {
                    *slot = mode;
                }
            };
            match &setting.value {
                ScalarOr::Scalar(word) => set(self.mode(control, word, setting)),
                ScalarOr::Long(long) => {
                    if let Some(mode) = &long.mode {
                        set(self.mode(control, &mode.value, mode));
                    }
                    for (operation, mode) in long.operations.iter() {
                        if let Some(mode) = self.mode(control, &mode.value, mode) {
                            modes.operations.push((operation, control, mode));
                        }
                    }
                }
            }
        }
        modes
    }

    fn control(&mut self, name: &Spanned<String>) -> Option<Control> {
        let found = Control::from_id(&name.value);
        if found.is_none() {
            if PLANNED.contains(&name.value.as_str()) {
                let message = format!("this build does not enforce `{}`", name.value);
                self.error(name, message, "");
            } else {
                let known = Control::ALL.iter().map(|control| control.id());
                self.findings.push(ConfigError::unknown(&name.referenced, "control", &name.value, known));
            }
        }
        found
    }

    fn mode<T>(&mut self, control: Control, word: &str, at: &Spanned<T>) -> Option<Mode> {
        let permitted = control.row().modes;
        let found = permitted.iter().copied().find(|mode| mode.id() == word);
        if found.is_none() {
            let accepted = permitted.iter().map(|mode| format!("`{}`", mode.id())).collect::<Vec<_>>().join(", ");
            self.error(at, format!("`{word}` is not a mode that `{}` permits", control.id()), accepted);
        }
        found
    }
}

fn default_mode(index: usize) -> Mode {
    Control::ALL.get(index).map_or(Mode::Enforce, |control| control.row().default)
}
