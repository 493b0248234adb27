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
        self.point_webhooks_at(0);
    }

    /// Directs GitHub's webhooks at one of the programs that are up, counted from any number.
    pub(crate) fn point_webhooks_at(&self, number: usize) {
        let up: Vec<_> = self
            .children
            .iter()
            .filter(|child| !child.is_away())
            .filter_map(|child| child.said().borrow().address)
            .collect();
        if let Some(address) = up.get(number % up.len().max(1)) {
            self.github
                .webhook_to(&format!("http://{address}/webhooks/github"));
        }
    }

    /// Moves time, here and in every program.
    pub(crate) fn pass_at_once(&self, span: Duration) {
        self.clock.advance(span);
        self.tell_time();
    }

    /// The same, and waits until every program has done what was due then.
    pub(crate) async fn pass_and_settle(&self, span: Duration) {
        self.pass_at_once(span);
        self.now("the programs to settle", World::is_idle).await;
        self.still().await;
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
        let children = self.children.iter().filter(|child| !child.is_away());
        let children = children.filter_map(|child| child.said().borrow().due);
        children.chain(self.clock.due())
    }

    /// Whether no program has anything to do.
    pub(super) fn children_idle(&self) -> bool {
        let now = Some(self.clock.now());
        let mut alive = self.children.iter().filter(|child| !child.is_away());
        alive.all(|child| {
            let said = child.said();
            let said = said.borrow();
            said.idle && said.time >= now
        })
    }

    /// What each program said last of its state, and logged last.
    pub(super) fn children_said(&self) -> String {
        let last = |child: &Child| {
            let log = child.log();
            let lines: Vec<&str> = log
                .lines()
                .rev()
                .filter(|line| !line.contains("Received shard heartbeat"))
                .take(25)
                .collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            format!("{:?}\n{}", child.said().borrow(), lines.join("\n"))
        };
        self.children.iter().map(last).collect::<Vec<_>>().join("\n\n")
    }

    /// Waits until a program says something.
    pub(super) async fn children_stir(&self) {
        let mut said: Vec<_> = self
            .children
            .iter()
            .filter(|child| !child.is_away())
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
