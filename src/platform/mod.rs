//! The platforms translate and decide nothing. A platform answers four questions, and no more: is this authentic, what was
//! said where and by whom, how is text written here, and did this delivery arrive.

pub mod discord;
pub mod github;
mod json;
pub mod shell;
pub mod slack;
mod words;
