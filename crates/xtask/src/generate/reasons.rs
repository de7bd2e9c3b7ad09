//! `docs/reasons.md`: every control and every reason, with what the client sees.

use super::{NOTICE, cell};
use portcullis_core::control::PLANNED;
use portcullis_core::{Control, Reason};
use portcullis_gateway::render::{TYPE_PREFIX, problem};
use std::fmt::Write as _;

pub(super) fn document() -> String {
    let mut out = format!("{NOTICE}# Controls and reasons\n\n");
    out.push_str(
        "A refusal is `application/problem+json` (RFC 9457). The record names the reason; the client sees the type, which says \
         less where more would help an attacker.\n\n## Controls\n\n\
         | control | what it protects | modes | on fault | guide | OWASP | weakness |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for control in Control::ALL {
        let row = control.row();
        let modes: Vec<&str> = row.modes.iter().map(|mode| mode.id()).collect();
        let _ = writeln!(
            out,
            "| [`{id}`](controls/{id}.md) | {} | {} | {} | {} | {} | {} |",
            cell(row.summary),
            modes.join(", "),
            row.on_fault.id(),
            row.guide,
            row.owasp,
            row.cwe,
            id = row.id,
        );
    }
    let planned: Vec<String> = PLANNED.iter().map(|id| format!("`{id}`")).collect();
    let _ = write!(
        out,
        "\nA configuration that names one of these does not load, because this build does not enforce it: {}.\n",
        planned.join(", ")
    );
    let _ = write!(
        out,
        "\n## Reasons\n\nProblem types begin with `{TYPE_PREFIX}`.\n\n\
         | reason | control | status | problem type | what happened |\n| --- | --- | --- | --- | --- |\n"
    );
    for reason in Reason::ALL {
        let problem = problem(*reason);
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} | `{}` | {} |",
            reason.id(),
            reason.control().id(),
            problem.status.as_u16(),
            problem.kind,
            cell(reason.summary()),
        );
    }
    out
}
