//! Drawings of what a screen shows at a step: a list of settings or a question, with a ring where to tap.

use maud::{Markup, html};

/// A line of a list on a screen.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Something else that is there.
    Other(&'a str),
    /// What to tap.
    Tap(&'a str),
    /// A switch to turn on.
    Switch(&'a str),
}

const WIDTH: usize = 240;
const ROW: usize = 36;
const TOP: usize = 44;

/// A list of settings under its title.
pub fn list(title: &str, rows: &[Row<'_>]) -> Markup {
    let height = TOP + rows.len() * ROW + 12;
    screen(
        title,
        height,
        &html! {
            text class="title" x=(WIDTH / 2) y="29" text-anchor="middle" { (title) }
            @for (n, row) in rows.iter().enumerate() {
                @let y = TOP + n * ROW;
                @let (text, tap) = match row { Row::Other(text) => (text, false), Row::Tap(text) | Row::Switch(text) => (text, true) };
                rect class=(if tap { "row chosen" } else { "row" }) x="14" y=(y) width=(WIDTH - 28) height=(ROW - 4) rx="8" {}
                text class=(if tap { "" } else { "other" }) x="24" y=(y + 21) { (text) }
                @if let Row::Switch(_) = row {
                    rect class="switch" x=(WIDTH - 56) y=(y + 7) width="32" height="18" rx="9" {}
                    circle class="knob" cx=(WIDTH - 33) cy=(y + 16) r="7" {}
                    (ring(WIDTH - 40, y + 16))
                } @else {
                    path class="chevron" d=(format!("M{} {}l5 5l-5 5", WIDTH - 28, y + 11)) {}
                    @if tap { (ring(WIDTH - 26, y + 16)) }
                }
            }
        },
    )
}

/// A question with its buttons, one of them to tap.
pub fn question(lines: &[&str], buttons: &[&str], tap: &str) -> Markup {
    let height = 34 + lines.len() * 18 + 58;
    let width = (WIDTH - 28 - 8 * (buttons.len() - 1)) / buttons.len();
    screen(
        lines[0],
        height,
        &html! {
            @for (n, line) in lines.iter().enumerate() {
                text x=(WIDTH / 2) y=(36 + n * 18) text-anchor="middle" { (line) }
            }
            @let y = height - 52;
            @for (n, button) in buttons.iter().enumerate() {
                @let x = 14 + n * (width + 8);
                @let chosen = *button == tap;
                rect class=(if chosen { "row chosen" } else { "row" }) x=(x) y=(y) width=(width) height="32" rx="8" {}
                text class=(if chosen { "" } else { "other" }) x=(x + width / 2) y=(y + 21) text-anchor="middle" { (button) }
                @if chosen { (ring(x + width - 12, y + 28)) }
            }
        },
    )
}

fn screen(what: &str, height: usize, content: &Markup) -> Markup {
    html! {
        svg role="img" aria-label=(format!("Screen: {what}")) viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) {
            rect class="screen" x="1" y="1" width=(WIDTH - 2) height=(height - 2) rx="18" {}
            (content)
        }
    }
}

/// Where the finger goes.
fn ring(x: usize, y: usize) -> Markup {
    html! { circle class="finger" cx=(x) cy=(y) r="13" {} }
}
