//! `scheduled`: the jobs of a cron expression. Nobody is told how they went but the log.

use std::sync::Arc;

use worker::send::SendWrapper;
use worker::{Env, ScheduleContext, ScheduledEvent, event};

use super::fetch::isolate;
use super::log::log_failure;
use crate::app::{Background, BoxFuture, Op};
use crate::jobs;
use crate::log::RequestContext;
use crate::middleware::request_id;

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, context: ScheduleContext) {
    let isolate = match isolate(&env) {
        Ok(isolate) => isolate,
        Err(error) => return log_failure(&error.to_string()),
    };
    let app = Arc::clone(&isolate.app);
    let started = app.ports.clock.now();
    let request = RequestContext::new(
        request_id::fresh(),
        "CRON".to_owned(),
        "/scheduled",
        "local".to_owned(),
        started,
    );
    let background = Arc::new(WaitUntil(SendWrapper::new(context)));
    let op = Op { app, request: Arc::new(request), background };
    jobs::run_due(&op).await;
}

/// The context of one run.
struct WaitUntil(SendWrapper<ScheduleContext>);

impl Background for WaitUntil {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.wait_until(task);
    }
}
