//! Work beside and after the response, by `waitUntil`.

use worker::Context;

use crate::app::{Background, BoxFuture};

/// The context of one request.
pub(super) struct WaitUntil(Context);

impl WaitUntil {
    pub(super) fn new(context: Context) -> Self {
        Self(context)
    }
}

impl Background for WaitUntil {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.wait_until(task);
    }
}
