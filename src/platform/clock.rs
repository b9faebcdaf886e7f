//! `Date.now()` and `setTimeout`.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::Function;
use web_sys::WorkerGlobalScope;
use worker::send::SendFuture;
use worker::wasm_bindgen::JsCast as _;
use worker::wasm_bindgen::closure::Closure;

use crate::app::BoxFuture;
use crate::time::{Clock, Timestamp};

/// The runtime's clock.
pub(super) struct DateClock;

impl Clock for DateClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "Date.now() is a whole number below 2^53"
        )]
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = Rc::new(State { is_over: Cell::new(false), waker: Cell::new(None) });
        Box::pin(SendFuture::new(Sleep { duration, state, timer: None }))
    }
}

/// A timer that wakes whoever polled it last: one of a stream outlives the task that started it.
struct Sleep {
    duration: Duration,
    state: Rc<State>,
    timer: Option<Timer>,
}

struct State {
    is_over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

struct Timer {
    id: i32,
    _callback: Closure<dyn FnMut()>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.state.is_over.get() {
            return Poll::Ready(());
        }
        self.state.waker.set(Some(context.waker().clone()));
        if self.timer.is_none() {
            self.timer = Timer::start(self.duration, Rc::clone(&self.state));
        }
        Poll::Pending
    }
}

impl Timer {
    /// None where the runtime has no timers, which it always has.
    fn start(duration: Duration, state: Rc<State>) -> Option<Self> {
        let callback = Closure::<dyn FnMut()>::new(move || {
            state.is_over.set(true);
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        });
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let function: &Function = callback.as_ref().unchecked_ref();
        let millis = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
        let id = scope.set_timeout_with_callback_and_timeout_and_arguments_0(function, millis);
        Some(Self { id: id.ok()?, _callback: callback })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        scope.clear_timeout_with_handle(self.id);
    }
}
