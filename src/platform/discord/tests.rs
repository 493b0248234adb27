//! Tables: what Discord sends, in our words; what its answers mean; the menu and what is picked from it.

mod answers;
mod limits;
mod menu;
mod messages;
mod missed;

use super::client::Identity;

/// Us.
fn me() -> Identity {
    Identity {
        user_id: "900".into(),
        name: "pm".into(),
    }
}
