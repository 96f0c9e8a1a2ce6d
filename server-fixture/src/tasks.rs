//! Long tasks, which report their progress as events. A task is only time passing: step i of n is due at i/n of its duration, so one
//! that was interrupted by a restart catches up.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::sleep_until;

use crate::app::Shared;
use crate::entries::Entries;
use crate::errors::Problem;
use crate::gate::Call;
use crate::log::{Draft, Entry, Log, Start};
use crate::params::Params;
use crate::random::Random;
use crate::sse::Feed;
use crate::store::{Store, StoreError};
use crate::{body, clock, resume};

const MAX_TASKS: usize = 100;
/// The kind of the last event.
const DONE: &str = "done";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    steps: Option<u64>,
    ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    steps: u64,
    ms: u64,
    started_ms: u64,
}

impl Plan {
    /// Milliseconds from now until this step is due.
    fn wait_ms(&self, step: u64) -> u64 {
        let passed = self.ms.saturating_mul(step).checked_div(self.steps).unwrap_or(0);
        self.started_ms.saturating_add(passed).saturating_sub(clock::unix_ms())
    }
}

/// One task: what was asked for, and the log of its events. Entry i is step i; the one behind the last step is `done`.
#[derive(Debug)]
pub(crate) struct Task {
    id: String,
    plan: Plan,
    log: Arc<Log>,
}

impl Task {
    fn log_name(id: &str) -> String {
        format!("task/{id}")
    }

    fn is_done(&self) -> bool {
        self.log.newest().seq > self.plan.steps
    }

    /// Runs it to its end, from wherever it is.
    pub(crate) async fn run(self: Arc<Self>) {
        while !self.is_done() {
            let Plan { steps, started_ms, .. } = self.plan;
            let step = self.log.newest().seq.saturating_add(1);
            sleep_until(clock::in_ms(self.plan.wait_ms(step.min(steps)))).await;
            let draft = if step <= steps {
                Draft::json("progress", &json!({ "done": step, "of": steps }))
            } else {
                Draft::json(DONE, &json!({ "ms": clock::unix_ms().saturating_sub(started_ms) }))
            };
            if let Err(error) = self.log.append(1, move |_| draft.clone()).await {
                eprintln!("task {}: {error}", self.id);
                return;
            }
        }
    }
}

/// The tasks that are kept, oldest first.
#[derive(Debug)]
pub(crate) struct Tasks {
    epoch: u64,
    store: Option<Arc<Store>>,
    kept: Mutex<VecDeque<Arc<Task>>>,
}

impl Tasks {
    /// Takes up those of an earlier life.
    pub(crate) fn new(
        epoch: u64,
        store: Option<Arc<Store>>,
        saved: Vec<(String, String)>,
        logs: &mut HashMap<String, Vec<Entry>>,
    ) -> Self {
        let mut kept: Vec<_> = saved
            .into_iter()
            .filter_map(|(id, plan)| {
                let plan = serde_json::from_str(&plan).ok()?;
                let name = Task::log_name(&id);
                let log = Log::new(&name, epoch, store.clone(), logs.remove(&name).unwrap_or_default());
                Some(Arc::new(Task { id, plan, log }))
            })
            .collect();
        kept.sort_by_key(|task| task.plan.started_ms);
        Self { epoch, store, kept: Mutex::new(kept.into()) }
    }

    /// Those that still have something to do.
    pub(crate) fn unfinished(&self) -> Vec<Arc<Task>> {
        self.kept().iter().filter(|task| !task.is_done()).cloned().collect()
    }

    fn add(&self, plan: Plan) -> Result<Arc<Task>, Problem> {
        let mut kept = self.kept();
        if kept.len() >= MAX_TASKS {
            let finished = kept.iter().position(|task| task.is_done());
            let Some(oldest) = finished.and_then(|index| kept.remove(index)) else {
                let told = format!("{MAX_TASKS} tasks are running, which is all there may be");
                return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, told));
            };
            self.save(|store| store.forget_task(&oldest.id, &Task::log_name(&oldest.id)))?;
        }
        let id = format!("{:016x}", Random::from_clock().next());
        let log = Log::new(&Task::log_name(&id), self.epoch, self.store.clone(), Vec::new());
        let task = Arc::new(Task { id, plan, log });
        self.save(|store| store.save_task(&task.id, &json!(task.plan).to_string()))?;
        kept.push_back(Arc::clone(&task));
        Ok(task)
    }

    fn save(&self, change: impl FnOnce(&Store) -> Result<(), StoreError>) -> Result<(), Problem> {
        Ok(self.store.as_deref().map_or(Ok(()), change)?)
    }

    fn find(&self, id: &str) -> Option<Arc<Task>> {
        self.kept().iter().find(|task| task.id == id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<Task>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /tasks`
pub(crate) async fn start(State(app): State<Shared>, body: Body) -> Result<Response, Problem> {
    let given = body::whole(body, body::MAX_MESSAGE_BYTES).await?;
    let expected = r#"JSON like {"steps": 1..=1000, "ms": 100..=60000}, both optional,"#;
    let refuse =
        || Problem::bad_value("task", &String::from_utf8_lossy(&given).chars().take(200).collect::<String>(), expected);
    let wanted = match given.is_empty() {
        true => Wanted::default(),
        false => serde_json::from_slice(&given).map_err(|_| refuse())?,
    };
    let (steps, ms) = (wanted.steps.unwrap_or(40), wanted.ms.unwrap_or(8_000));
    if !(1..=1_000).contains(&steps) || !(100..=60_000).contains(&ms) {
        return Err(refuse());
    }
    let tasks = Arc::clone(&app.tasks);
    let plan = Plan { steps, ms, started_ms: clock::unix_ms() };
    // It may commit, which blocks.
    let added = tokio::task::spawn_blocking(move || tasks.add(plan)).await;
    let task = added.map_err(StoreError::new)??;
    let told = json!({ "id": task.id, "events": format!("/tasks/{}", task.id) });
    app.background(task.run());
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// `GET /tasks/{id}`: its events from the beginning or from a position; 204, which is EventSource's sign to stop, to one who has
/// seen the last.
pub(crate) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let start = resume::start(&headers, &params, Start::Oldest)?;
    let task = app.tasks.find(&id).ok_or_else(|| Problem::not_found(format!("there is no task {id:?}")))?;
    let subscription = task.log.subscribe(start);
    if task.is_done() && subscription.position() == task.log.newest() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Feed::of(&params)?.open(call, Entries::of(subscription).ends_with(DONE)))
}
