//! Builds again when a migration or a prompt changes: both are compiled in.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=prompts");
}
