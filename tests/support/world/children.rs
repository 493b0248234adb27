//! Programs in processes of their own, in a story's world: they can be killed and frozen for good.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::{FutureExt, pending, select_all};

use super::{JUMP, World};
use crate::support::child::Child;

impl World {
    /// Starts the built program on this world's database, set to end at points, and waits until it is up or has ended.
    pub(crate) async fn spawn(&mut self, armed: &[(&str, String)]) {
        self.children
            .push(Child::start(&self.settings, self.clock.now(), armed));
        self.until("the program to be up", |world| {
            let said = world.children.last().unwrap().said();
            let said = said.borrow();
            said.address.is_some() || said.gone
        })
        .await;
        self.point_webhooks();
    }

    /// Directs GitHub's webhooks at a program that is up.
    pub(crate) fn point_webhooks(&self) {
        let up = self.children.iter().find_map(|child| {
            let said = child.said();
            let said = said.borrow();
            said.address.filter(|_| !said.gone)
        });
        if let Some(address) = up {
            self.github
                .webhook_to(&format!("http://{address}/webhooks/github"));
        }
    }

    /// Moves time, here and in every program.
    pub(crate) fn pass_at_once(&self, span: Duration) {
        self.clock.advance(span);
        self.tell_time();
    }

    fn tell_time(&self) {
        for child in &self.children {
            child.time(self.clock.now());
        }
    }

    /// Jumps to the next thing that is due anywhere.
    pub(super) fn jump(&self) {
        if self.children.is_empty() {
            self.clock.jump(JUMP);
            return;
        }
        let due = self.dues().min();
        let limit = self.clock.now() + JUMP;
        if let Some(at) = due.filter(|at| *at <= limit) {
            self.clock.set(at);
            self.tell_time();
        }
    }

    fn dues(&self) -> impl Iterator<Item = DateTime<Utc>> {
        let children = self.children.iter().filter(|child| !child.is_gone());
        let children = children.filter_map(|child| child.said().borrow().due);
        children.chain(self.clock.due())
    }

    /// Whether no program has anything to do.
    pub(super) fn children_idle(&self) -> bool {
        let now = Some(self.clock.now());
        let mut alive = self.children.iter().filter(|child| !child.is_gone());
        alive.all(|child| {
            let said = child.said();
            let said = said.borrow();
            said.idle && said.time >= now
        })
    }

    /// Waits until a program says something.
    pub(super) async fn children_stir(&self) {
        let mut said: Vec<_> = self
            .children
            .iter()
            .filter(|child| !child.is_gone())
            .map(Child::said)
            .collect();
        if said.is_empty() {
            return pending().await;
        }
        for one in &mut said {
            one.mark_unchanged();
        }
        let (_, _, _) = select_all(said.iter_mut().map(|one| one.changed().boxed())).await;
    }

    /// Drops the programs that have ended.
    pub(crate) fn bury(&mut self) -> Vec<Child> {
        let (gone, alive) = std::mem::take(&mut self.children)
            .into_iter()
            .partition(Child::is_gone);
        self.children = alive;
        self.point_webhooks();
        gone
    }

    /// Asks every program to end in order, and waits for it.
    pub(crate) async fn end_children(&mut self) {
        for child in &self.children {
            child.signal("TERM");
        }
        self.until("the programs to end", |world| {
            world.children.iter().all(Child::is_gone)
        })
        .await;
        for mut child in self.bury() {
            let status = child.ended();
            assert!(status.success(), "{status}\n{}", child.log());
        }
    }
}
