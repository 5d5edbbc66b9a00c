//! The queue of commands from the page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::protocol::{ToWorker, decode};

pub(super) type Command = (ToWorker, Option<JsValue>);

/// The page's commands, in the order of their messages. A single task reads them.
pub(super) struct Commands(Rc<RefCell<Inbox>>);

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<Command>,
    listener: Option<Waker>,
}

impl Commands {
    /// Begins to listen, until the worker ends.
    pub(super) fn listen(scope: &DedicatedWorkerGlobalScope) -> Self {
        let inbox = Rc::new(RefCell::new(Inbox::default()));
        let of_listener = Rc::clone(&inbox);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            // Browser extensions may post other messages.
            let Ok(command) = decode(&event.data()) else {
                return;
            };
            let mut inbox = of_listener.borrow_mut();
            inbox.waiting.push_back(command);
            if let Some(listener) = inbox.listener.take() {
                listener.wake();
            }
        });
        scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        Self(inbox)
    }

    /// Returns the next command, once there is one.
    async fn next(&mut self) -> Command {
        poll_fn(|context| {
            let mut inbox = self.0.borrow_mut();
            match inbox.waiting.pop_front() {
                Some(command) => Poll::Ready(command),
                None => {
                    inbox.listener = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Waits for the command to begin or to stop, and returns it with its attachment.
    pub(super) async fn first(&mut self) -> Command {
        loop {
            match self.next().await {
                (ToWorker::Resume, _) => {}
                first => return first,
            }
        }
    }

    /// Waits for the command to resume or to stop. Returns true to resume.
    pub(super) async fn resumed(&mut self) -> bool {
        loop {
            match self.next().await.0 {
                ToWorker::Resume => return true,
                ToWorker::Cancel => return false,
                ToWorker::Start(_) | ToWorker::Bundle(_) | ToWorker::Dump(_) | ToWorker::ReadDump => {}
            }
        }
    }

    /// Runs `work` until it is finished, or until the page cancels, which drops it.
    pub(super) async fn unless_cancelled<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut cancelled = pin!(async {
            loop {
                if let ToWorker::Cancel = self.next().await.0 {
                    return;
                }
            }
        });
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => cancelled.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}
