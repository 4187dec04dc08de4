//! The progress bar. It is drawn by the thread that waits, never by one that measures.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Runs `work` on a thread of its own and shows a bar that fills within `expected`.
///
/// # Panics
/// If `work` panics.
pub fn while_running<T: Send>(label: &str, expected: Duration, work: impl FnOnce() -> T + Send) -> T {
    let bar = ProgressBar::new(u64::try_from(expected.as_millis()).unwrap_or(u64::MAX));
    let style =
        ProgressStyle::with_template("{msg:20} {wide_bar} {elapsed} of {prefix}").expect("the template is well formed");
    bar.set_style(style);
    bar.set_message(label.to_owned());
    bar.set_prefix(format!("{} s", expected.as_secs()));
    let began = Instant::now();
    let result = std::thread::scope(|scope| {
        let worker = scope.spawn(work);
        while !worker.is_finished() {
            bar.set_position(u64::try_from(began.elapsed().min(expected).as_millis()).unwrap_or(u64::MAX));
            std::thread::sleep(Duration::from_millis(200));
        }
        worker.join()
    });
    bar.finish_and_clear();
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
