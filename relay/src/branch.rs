//! Which of the things that a task waits for has happened, so that the others need not be asked.
//!
//! A listener's task is woken for each packet it has to write, fifty times a second, and there is hardly ever anything to
//! read at the same time. To ask socket and timers each time all the same is for nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// Some of what a task waits for: futures that are polled with a waker of their own.
#[derive(Debug)]
pub struct Branch {
    state: Arc<State>,
    waker: Waker,
}

#[derive(Debug)]
struct State {
    woken: AtomicBool,
    task: AtomicWaker,
}

impl Default for Branch {
    /// To be polled: nobody has been told yet whom to wake.
    fn default() -> Self {
        let state = Arc::new(State { woken: AtomicBool::new(true), task: AtomicWaker::new() });
        Self { waker: Waker::from(Arc::clone(&state)), state }
    }
}

impl Branch {
    /// The waker to poll the branch with, where something of it has happened since it was last polled. `task` is who waits.
    #[must_use]
    pub fn woken(&self, task: &Waker) -> Option<Waker> {
        // Register, then look: who wakes does it the other way round.
        self.state.task.register(task);
        self.state.woken.swap(false, Ordering::AcqRel).then(|| self.waker.clone())
    }

    /// Has the branch polled again: it was ready, or has got one more future.
    pub fn rouse(&self) {
        self.state.woken.store(true, Ordering::Release);
    }
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_branch_is_polled_once_for_what_has_happened_and_its_task_is_woken() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(Arc::clone(&task));
        let branch = Branch::default();
        let inner = branch.woken(&waker).expect("at first it has to be polled");
        assert!(branch.woken(&waker).is_none(), "woken by something else, there is nothing to ask");
        inner.wake_by_ref();
        inner.wake();
        assert_eq!(task.0.load(Ordering::Relaxed), 1, "a waker is used once, and then registered again");
        assert!(branch.woken(&waker).is_some());
        assert!(branch.woken(&waker).is_none());
        branch.rouse();
        assert!(branch.woken(&waker).is_some());
    }

    #[test]
    fn what_happens_while_the_branch_is_polled_is_not_lost() {
        let waker = Waker::from(Arc::new(Task::default()));
        let branch = Branch::default();
        let inner = branch.woken(&waker).expect("at first it has to be polled");
        // The poll is under way and will say that it is pending.
        inner.wake();
        assert!(branch.woken(&waker).is_some());
    }
}
