//! Projects and who people are in them, put into the database.

use callsheet::domain::{
    AccountKey, Gated, Place, Platform, Policy, Project, ProjectId, ProjectStatus, Role, slugify,
};
use callsheet::store::{people, projects, roles};

use super::World;
use crate::support::database::Kind;

impl World {
    /// Apollo, whose every write waits for an answer.
    pub(crate) async fn careful(kind: Kind) -> Self {
        let world = Self::apollo(kind).await;
        let every_write = Policy {
            gates: Gated::AllWrites,
            ..Policy::default()
        };
        world.ask_about("apollo", every_write).await;
        world
    }

    /// Puts a project into the database, bound to a Slack channel.
    pub(crate) async fn add_project(
        &self,
        name: &str,
        repository: Option<&str>,
        channel: Option<(&str, &str)>,
    ) {
        let now = self.clock.now();
        let account = AccountKey {
            platform: Platform::Shell,
            workspace: String::new(),
            user_id: "operator".to_owned(),
        };
        let mut tx = self.db.begin().await.unwrap();
        let person = people::person_of(&mut tx, &account, "operator", now)
            .await
            .unwrap();
        let project = Project {
            id: ProjectId::new(),
            slug: slugify(name),
            name: name.to_owned(),
            description: String::new(),
            description_by: None,
            status: ProjectStatus::Active,
            repository: repository.map(|text| text.parse().unwrap()),
            owner: Some(person),
            policy: Policy::default(),
            updated_at: now,
        };
        assert!(projects::insert(&mut tx, &project).await.unwrap());
        if let Some((label, id)) = channel {
            let place = Place::Slack {
                team: self.slack.team().to_owned(),
                channel: id.to_owned(),
                thread: None,
            };
            projects::bind(&mut tx, project.id, &place, label, Role::Member, person, now)
                .await
                .unwrap();
        }
        tx.commit("test").await.unwrap();
    }

    /// Makes a Slack user something in a project.
    pub(crate) async fn grant(&self, user: &str, slug: &str, role: Role) {
        let account = AccountKey {
            platform: Platform::Slack,
            workspace: self.slack.team().to_owned(),
            user_id: self.slack.user(user).id().to_owned(),
        };
        let now = self.clock.now();
        let mut tx = self.db.begin().await.unwrap();
        let person = people::person_of(&mut tx, &account, user, now).await.unwrap();
        let project = projects::by_slug(&mut tx, slug).await.unwrap().unwrap();
        roles::grant(&mut tx, project.id, person, role, person, now)
            .await
            .unwrap();
        tx.commit("test").await.unwrap();
    }

    /// Sets what a project asks about.
    pub(crate) async fn ask_about(&self, slug: &str, policy: Policy) {
        let mut tx = self.db.begin().await.unwrap();
        let mut project = projects::by_slug(&mut tx, slug).await.unwrap().unwrap();
        project.policy = policy;
        projects::update(&mut tx, &project).await.unwrap();
        tx.commit("test").await.unwrap();
    }
}
