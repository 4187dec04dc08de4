//! What the person at the terminal sees, all of it on standard error.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::level::SILENCE;

/// Levels, written by the audio threads and read by the terminal.
#[derive(Debug)]
pub struct Meters {
    sent: AtomicU8,
    talking: AtomicBool,
    heard: AtomicU8,
    active: AtomicBool,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            sent: AtomicU8::new(SILENCE),
            talking: AtomicBool::new(false),
            heard: AtomicU8::new(SILENCE),
            active: AtomicBool::new(false),
        }
    }
}

impl Meters {
    /// The level of what was captured, and whether it is sent.
    pub fn sent(&self, level: u8, talking: bool) {
        self.sent.store(level, Ordering::Relaxed);
        self.talking.store(talking, Ordering::Relaxed);
    }

    /// The level of what sounds, and whether somebody is heard.
    pub fn heard(&self, level: u8, active: bool) {
        self.heard.store(level, Ordering::Relaxed);
        self.active.store(active, Ordering::Relaxed);
    }

    /// The level of what was captured, and whether it is sent.
    #[must_use]
    pub fn up(&self) -> (u8, bool) {
        (self.sent.load(Ordering::Relaxed), self.talking.load(Ordering::Relaxed))
    }

    /// The level of what sounds, and whether somebody is heard.
    #[must_use]
    pub fn down(&self) -> (u8, bool) {
        (self.heard.load(Ordering::Relaxed), self.active.load(Ordering::Relaxed))
    }
}

/// How often bars and meters are drawn.
pub const REDRAW: Duration = Duration::from_millis(100);

/// Lines, and below them a progress bar or a level meter if standard error is a terminal.
pub struct Console {
    quiet: bool,
    bar: Option<ProgressBar>,
    position: Option<Arc<AtomicUsize>>,
}

impl Console {
    /// Lines only.
    #[must_use]
    pub fn lines(quiet: bool) -> Self {
        Self { quiet, bar: None, position: None }
    }

    /// With a progress bar that counts to `length` samples.
    #[must_use]
    pub fn with_progress(quiet: bool, length: usize, position: Arc<AtomicUsize>) -> Self {
        let style = ProgressStyle::with_template("{prefix} {bar:30.cyan/blue} {msg}");
        Self { position: Some(position), ..Self::with_bar(quiet, length, style) }
    }

    /// With a level meter.
    #[must_use]
    pub fn with_meter(quiet: bool) -> Self {
        Self::with_bar(quiet, 0, ProgressStyle::with_template("{msg}"))
    }

    fn with_bar(quiet: bool, length: usize, style: Result<ProgressStyle, indicatif::style::TemplateError>) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { quiet, bar, position: None }
    }

    /// A line, unless it is to be quiet.
    pub fn line(&self, line: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Draws the bar or the meter anew.
    pub fn redraw(&self, meters: &Meters, talking: &str) {
        let Some(bar) = &self.bar else { return };
        match &self.position {
            Some(position) => {
                let position = position.load(Ordering::Relaxed);
                bar.set_position(position as u64);
                bar.set_prefix(clock_face(position / 48_000));
                let length = usize::try_from(bar.length().unwrap_or(0)).unwrap_or(0);
                bar.set_message(format!("{}  {}", clock_face(length / 48_000), meter_line(meters, talking)));
            }
            None => {
                bar.set_message(meter_line(meters, talking));
                bar.tick();
            }
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn meter_line(meters: &Meters, talking: &str) -> String {
    let (sent, on_air) = meters.up();
    let (heard, active) = meters.down();
    let mut line = format!("mic {}{}", gauge(sent), if on_air { " on air" } else { "       " });
    if active || !talking.is_empty() {
        line += &format!("  ear {} {talking}", gauge(heard));
    }
    line
}

/// Twelve cells from −60 to 0 dBov.
fn gauge(level: u8) -> String {
    let cells = usize::from(60u8.saturating_sub(level)).div_ceil(5);
    format!("{}{}", "▮".repeat(cells), "▯".repeat(12 - cells))
}

fn clock_face(seconds: usize) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_has_twelve_cells_whatever_the_level() {
        for level in 0..=255 {
            assert_eq!(gauge(level).chars().count(), 12);
        }
        assert_eq!(gauge(127), "▯▯▯▯▯▯▯▯▯▯▯▯");
        assert_eq!(gauge(0), "▮▮▮▮▮▮▮▮▮▮▮▮");
        assert_eq!(gauge(30), "▮▮▮▮▮▮▯▯▯▯▯▯");
    }

    #[test]
    fn the_meter_names_who_talks() {
        let meters = Meters::default();
        meters.sent(20, true);
        let line = meter_line(&meters, "Ann");
        assert!(line.contains("on air") && line.ends_with("Ann"), "{line}");
    }
}
