//! The real application in this process, on a runtime of its own: stopping it in order, or as a crash would.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use callsheet::app::{App, Role};
use callsheet::config::Config;
use callsheet::engine::Engine;
use callsheet::engine::clock::Clock;
use callsheet::store::{Db, OpenError, Probe};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A running application.
pub(crate) struct Program {
    /// Its engine, for health and idleness.
    pub(crate) engine: Engine,
    /// Where HTTP listens.
    pub(crate) address: SocketAddr,
    /// What it prints for whoever is to own it.
    pub(crate) claim: Option<String>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), String>>,
    runtime: Option<Runtime>,
}

impl Program {
    /// Starts the application as `main` does.
    pub(crate) async fn start(
        settings: &HashMap<String, String>,
        clock: Clock,
        probe: Option<Probe>,
    ) -> Self {
        let config =
            Config::load(None, settings.clone().into_iter()).unwrap_or_else(|error| panic!("{error}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let started = runtime.spawn(async move {
            let mut db = open(&config).await;
            if let Some(probe) = probe {
                db = db.with_probe(probe);
            }
            App::start(&config, db, clock, Role::Serve)
                .await
                .unwrap_or_else(|error| panic!("{error}"))
        });
        let app = started.await.unwrap();
        let (engine, address, stop) = (app.engine.clone(), app.address.unwrap(), app.stopping());
        let claim = app.claim.clone();
        let running = runtime.spawn(async move { app.run().await.map_err(|error| error.to_string()) });
        Self {
            engine,
            address,
            claim,
            stop,
            running,
            runtime: Some(runtime),
        }
    }

    /// Stops as SIGTERM does, and waits for it.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = (&mut self.running).await.unwrap();
        assert_eq!(ended, Ok(()), "the application stops in order");
        self.end().await;
    }

    /// Ends everything where it stands, as a crash does.
    pub(crate) async fn kill(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)))
                .await
                .unwrap();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The database, as soon as a predecessor has let go of it.
async fn open(config: &Config) -> Db {
    for _ in 0..10_000 {
        let database = &config.database;
        match Db::open_with(&database.url, true, database.max_connections).await {
            Ok(db) => return db,
            Err(OpenError::InUse(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the database stays locked");
}
