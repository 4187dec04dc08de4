//! `join`, `talk` and `listen`: one participant, both directions of audio or one of them.

use std::io;
use std::sync::{Arc, mpsc as std_mpsc};
use std::time::Duration;

use relay_engine::Micros;
use relay_wire::{ClientMessage, Role};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::ports::{Input, Output, open_input, open_output};
use super::typed;
use crate::capture::Capture;
use crate::cli::{InputArgs, JoinArgs, ListenArgs, OutputArgs, PresenceArgs, RoomArgs, TalkArgs};
use crate::clock::RelayClock;
use crate::console::{Console, Meters, REDRAW};
use crate::exit::Failure;
use crate::net::link::{Link, LinkConfig, LinkEvent};
use crate::playout::{Played, Playout};
use crate::roster::Roster;
use crate::stats::StatsFile;
use crate::stop::Stop;
use crate::talker::Format;
use crate::time::LocalClock;

/// After the end of its file a talker stays until the room has played its last packets …
const LINGER_TALK_US: u64 = 300_000;
/// … and who also listens, until the answers on their way have come.
const LINGER_JOIN_US: u64 = 1_000_000;

/// What to do: a command's arguments, brought to one form.
#[derive(Debug, Clone)]
pub struct Plan {
    room: RoomArgs,
    presence: PresenceArgs,
    input: Option<InputArgs>,
    output: Option<OutputArgs>,
    chat: bool,
}

impl TryFrom<JoinArgs> for Plan {
    type Error = Failure;
    fn try_from(args: JoinArgs) -> Result<Self, Failure> {
        let stdin_is_audio = args.input.file.as_deref() == Some(std::path::Path::new("-"));
        if args.chat && stdin_is_audio {
            return Err(Failure::Usage("--chat and --file - both want standard input".into()));
        }
        let output = OutputArgs { out: args.out, output_device: args.output_device, stats: args.stats };
        let (room, presence) = (args.room, args.presence);
        Ok(Self { room, presence, input: Some(args.input), output: Some(output), chat: args.chat })
    }
}

impl TryFrom<TalkArgs> for Plan {
    type Error = Failure;
    fn try_from(args: TalkArgs) -> Result<Self, Failure> {
        Ok(Self { room: args.room, presence: args.presence, input: Some(args.input), output: None, chat: false })
    }
}

impl TryFrom<ListenArgs> for Plan {
    type Error = Failure;
    fn try_from(args: ListenArgs) -> Result<Self, Failure> {
        Ok(Self { room: args.room, presence: args.presence, input: None, output: Some(args.output), chat: false })
    }
}

/// Takes part until it is time to leave.
///
/// # Errors
/// [`Failure`] with what went wrong first.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let clock = LocalClock::start();
    let target = plan.room.target(if plan.input.is_some() { Role::Talker } else { Role::Listener })?;
    let name = plan.presence.display_name()?;
    let input = plan.input.as_ref().map(|args| open_input(args, clock)).transpose()?;
    let output = plan.output.as_ref().map(open_output).transpose()?;
    let stats = plan.output.as_ref().and_then(|args| args.stats.as_deref()).map(StatsFile::create).transpose()?;
    let console = console_for(&plan, input.as_ref(), output.as_ref());
    let signals = leave_signals()?;

    let relay_clock = RelayClock::default();
    let stop = Stop::never(clock);
    let meters = Arc::new(Meters::default());
    let (audio_in, audio) = std_mpsc::channel();
    let config = LinkConfig { target, name, deafened: output.is_none() };
    let link = Link::open(config, clock, relay_clock.clone(), output.is_some().then_some(audio_in)).await?;
    let (played_in, played) = oneshot::channel();
    let mut keep_running = Vec::new();
    let playing = output.is_some();
    if let Some(output) = output {
        let playout = Playout {
            events: audio,
            clock,
            relay_clock,
            stop: stop.clone(),
            meters: Arc::clone(&meters),
            moments: stats.as_ref().map(StatsFile::moments),
        };
        playout.spawn(output.sink, played_in).map_err(|e| no_thread(&e))?;
        keep_running.push(output.running);
    }
    let (captured_in, captured) = oneshot::channel();
    let visit = Visit {
        plan,
        console,
        roster: Roster::default(),
        stop,
        meters,
        link,
        clock,
        input,
        captured_in: Some(captured_in),
        stats,
        formats: None,
        keep_running,
    };
    visit.run(signals, captured, playing.then_some(played)).await
}

/// One stay in a room, and all that belongs to it.
struct Visit {
    plan: Plan,
    console: Console,
    roster: Roster,
    stop: Stop,
    meters: Arc<Meters>,
    link: Link,
    clock: LocalClock,
    /// The source, until the first session begins.
    input: Option<Input>,
    captured_in: Option<oneshot::Sender<io::Result<()>>>,
    stats: Option<StatsFile>,
    formats: Option<std_mpsc::Sender<Format>>,
    keep_running: Vec<super::ports::Running>,
}

impl Visit {
    async fn run(
        mut self,
        mut signals: mpsc::UnboundedReceiver<()>,
        mut captured: oneshot::Receiver<io::Result<()>>,
        mut played: Option<oneshot::Receiver<Played>>,
    ) -> Result<(), Failure> {
        let mut lines = self.plan.chat.then(typed::lines);
        let mut redraw = interval(REDRAW);
        redraw.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut capturing = true;
        let mut result = Ok(());
        let mut heard = None;
        loop {
            tokio::select! {
                event = self.link.events.recv() => match event {
                    Some(event) => self.event(event)?,
                    // The link has given up; why is asked below.
                    None => break,
                },
                ended = &mut captured, if capturing && self.captured_in.is_none() => {
                    capturing = false;
                    result = self.source_ended(ended);
                }
                ended = until_played(&mut played) => {
                    played = None;
                    heard = ended;
                    break;
                }
                () = until(self.clock, self.stop.time()), if played.is_none() => break,
                Some(()) = signals.recv() => self.stop.now(),
                Some(text) = typed::next(&mut lines), if self.link.takes_text() => {
                    self.link.text(ClientMessage::Chat { text, echo: None });
                }
                _ = redraw.tick() => self.console.redraw(&self.meters, &self.roster.talking()),
            }
        }
        self.stop.now();
        if let Some(played) = played {
            heard = played.await.ok();
        }
        self.leave(result, heard, capturing.then_some(captured)).await
    }

    fn event(&mut self, event: LinkEvent) -> Result<(), Failure> {
        match event {
            LinkEvent::Joined { at, format, first: true } => self.begin(at, format),
            LinkEvent::Joined { format, .. } => {
                self.console.line("the connection is back");
                if let Some(formats) = &self.formats {
                    let _ = formats.send(format);
                }
                Ok(())
            }
            LinkEvent::Text(message) => {
                if let Some(line) = self.roster.apply(&message) {
                    self.console.line(&line);
                }
                Ok(())
            }
            LinkEvent::Lost { reason } => {
                self.console.line(&format!("{reason}; coming back …"));
                Ok(())
            }
            LinkEvent::StillLost { reason } => {
                self.console.line(&format!("not back yet: {reason}; trying every few seconds …"));
                Ok(())
            }
        }
    }

    /// The first session: time counts from here.
    fn begin(&mut self, joined: Micros, format: Format) -> Result<(), Failure> {
        if let Some(seconds) = self.plan.presence.seconds {
            self.stop.at(joined + micros(seconds));
        }
        if self.input.is_none() {
            return Ok(());
        }
        let (Some(input), Some(done)) = (self.input.take(), self.captured_in.take()) else { return Ok(()) };
        let (formats, formats_out) = std_mpsc::channel();
        self.formats = Some(formats);
        let continuous = self.plan.input.as_ref().is_some_and(|input| input.continuous);
        let capture = Capture {
            sender: self.link.audio(),
            format,
            joined,
            formats: formats_out,
            continuous,
            stop: self.stop.clone(),
            meters: Arc::clone(&self.meters),
        };
        capture.spawn(input.source, done).map_err(|e| no_thread(&e))?;
        self.keep_running.push(input.running);
        Ok(())
    }

    /// A file that has ended sets the end of the stay, unless --seconds did.
    fn source_ended(&self, ended: Result<io::Result<()>, oneshot::error::RecvError>) -> Result<(), Failure> {
        let linger = if self.plan.output.is_some() { LINGER_JOIN_US } else { LINGER_TALK_US };
        match ended {
            Ok(Ok(())) if self.plan.presence.seconds.is_some() => Ok(()),
            Ok(Ok(())) => {
                self.stop.at(self.clock.now() + linger);
                Ok(())
            }
            Ok(Err(e)) => {
                self.stop.now();
                let file = self.plan.input.as_ref().is_some_and(|input| input.file.is_some());
                Err(if file { Failure::File(format!("reading: {e}")) } else { Failure::Device(e.to_string()) })
            }
            Err(_) => Err(Failure::Other("the capture thread failed".into())),
        }
    }

    async fn leave(
        self,
        result: Result<(), Failure>,
        heard: Option<Played>,
        captured: Option<oneshot::Receiver<io::Result<()>>>,
    ) -> Result<(), Failure> {
        // The talkspurt's end is sent before the close; a source that blocks is not waited for.
        if let (Some(captured), None) = (captured, &self.captured_in) {
            let _ = tokio::time::timeout(Duration::from_millis(60), captured).await;
        }
        self.console.clear();
        let audio = self.link.audio();
        let closed = self.link.close().await;
        let unsent = audio.unsent();
        if unsent > 0 {
            self.console.line(&format!("not sent, because the link could not take it in time: {unsent} packets"));
        }
        if let Some(Played { heard, .. }) = &heard {
            self.console.line(&heard.summary());
        }
        let written = match heard.map(|played| played.result) {
            // A reader who has left has had enough.
            Some(Err(e)) if e.kind() != io::ErrorKind::BrokenPipe => {
                let file = self.plan.output.as_ref().is_some_and(|output| output.out.is_some());
                Err(if file { Failure::File(format!("writing: {e}")) } else { Failure::Device(e.to_string()) })
            }
            _ => Ok(()),
        };
        let kept = self.stats.map_or(Ok(()), StatsFile::finish).map_err(|e| Failure::File(format!("--stats: {e}")));
        result.and(written).and(kept).and(closed)
    }
}

fn console_for(plan: &Plan, input: Option<&Input>, output: Option<&Output>) -> Console {
    let quiet = plan.room.quiet;
    let device = |name: Option<&String>| name.is_some();
    let console = match input.and_then(|input| input.progress.clone()) {
        Some((length, position)) => Console::with_progress(quiet, length, position),
        None if device(input.and_then(|i| i.device.as_ref())) || device(output.and_then(|o| o.device.as_ref())) => {
            Console::with_meter(quiet)
        }
        None => Console::lines(quiet),
    };
    if let Some(name) = input.and_then(|input| input.device.as_ref()) {
        console.line(&format!("microphone: {name}"));
    }
    if let Some(name) = output.and_then(|output| output.device.as_ref()) {
        console.line(&format!("speaker: {name}"));
    }
    console
}

/// Ctrl-C, and what a service manager sends. The handlers stand before the first connection, so that no file is left
/// half written.
fn leave_signals() -> Result<mpsc::UnboundedReceiver<()>, Failure> {
    let (send, receive) = mpsc::unbounded_channel();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let failure = |e: io::Error| Failure::Other(format!("no signal handler: {e}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failure)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failure)?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if send.send(()).is_err() {
                    return;
                }
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && send.send(()).is_ok() {} });
    Ok(receive)
}

async fn until(clock: LocalClock, time: Micros) {
    if time == Micros(u64::MAX) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep_until(clock.instant(time).into()).await;
}

async fn until_played(played: &mut Option<oneshot::Receiver<Played>>) -> Option<Played> {
    match played {
        Some(played) => played.await.ok(),
        None => std::future::pending().await,
    }
}

fn micros(seconds: f64) -> u64 {
    u64::try_from(Duration::from_secs_f64(seconds).as_micros()).unwrap_or(u64::MAX / 2)
}

fn no_thread(error: &io::Error) -> Failure {
    Failure::Other(format!("no thread: {error}"))
}
