//! What most stories have in common in their configuration.

/// Any number of requests is taken: people of stories say much while their clock stands still, which is no minute.
pub(super) fn any_number() -> [(&'static str, String); 3] {
    [
        "LIMITS__PERSON_PER_MINUTE",
        "LIMITS__PLACE_PER_MINUTE",
        "LIMITS__PROJECT_PER_MINUTE",
    ]
    .map(|key| (key, "0".to_owned()))
}
