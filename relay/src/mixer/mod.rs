//! Mixer threads: each owns some rooms, waits for what happens to them and keeps their deadlines.
//!
//! A thread writes to sockets and never waits for one, for a lock that others hold for long, or another room. Deadlines are absolute,
//! so a late wake-up does not shift the ones after it.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender, TryRecvError},
    },
    thread::{self, Thread},
    time::Duration,
};

use relay_engine::{Micros, Ptime};
use relay_wire::RoomName;

use crate::{
    clock::Clock,
    kernel,
    naps::{Demand, Naps, Urgency},
    patience::Patience,
    room::{self, Event, Room},
};

/// One life of a room; a room that is made again under the same name has another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey(pub u64);

/// The way to a mixer thread.
#[derive(Debug, Clone)]
pub struct Mixer {
    inbox: Sender<Command>,
    /// Packets in the inbox.
    backlog: Arc<AtomicUsize>,
    late: Arc<AtomicU64>,
    /// After the inbox, so that the thread wakes when that is gone.
    sleeper: Sleeper,
}

/// The thread, which looks into the inbox only while it is awake; also dropping this wakes it.
#[derive(Debug, Clone)]
struct Sleeper(Thread);

impl Sleeper {
    fn wake(&self) {
        self.0.unpark();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.wake();
    }
}

/// The thread of the room is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Packets that may wait for a thread, about a second of 80 talkers: beyond that the machine is overloaded and
/// old packets help nobody.
const MAX_BACKLOG: usize = 4096;

/// Commands taken in a row before deadlines are looked at, at about a microsecond each, and more for those that are written
/// to many.
const BATCH: usize = 256;

/// Times a room may want to act at one instant; more is a fault, and must not hold up the other rooms.
const MAX_CATCH_UP: usize = 64;

#[derive(Debug)]
enum Command {
    Open(RoomKey, RoomName, Patience),
    Close(RoomKey),
    Room(RoomKey, Micros, Event),
    Goodbye,
}

impl Mixer {
    /// Starts a thread; it ends when the last handle is gone.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(index: usize, clock: Clock, ptime: Ptime, naps: Naps) -> std::io::Result<Self> {
        let (inbox, commands) = mpsc::channel();
        let (backlog, late) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let driver = Driver {
            commands,
            backlog: Arc::clone(&backlog),
            late: Arc::clone(&late),
            clock,
            ptime,
            naps,
            rooms: HashMap::new(),
            unwritten: None,
            deadlines: BinaryHeap::new(),
            closing: false,
        };
        let thread = thread::Builder::new().name(format!("mixer-{index}")).spawn(move || {
            // Rooms are contained one by one, so this is a fault of the thread's own; without it the relay is deaf.
            if catch_unwind(AssertUnwindSafe(|| driver.run())).is_err() {
                tracing::error!("a mixer thread panicked; the relay ends");
                std::process::abort();
            }
        })?;
        Ok(Self { inbox, backlog, late, sleeper: Sleeper(thread.thread().clone()) })
    }

    /// Makes a room, which says by `patience` whether its packets may wait.
    ///
    /// # Errors
    /// [`Gone`] when the thread is.
    pub fn open(&self, key: RoomKey, name: RoomName, patience: Patience) -> Result<(), Gone> {
        self.command(Command::Open(key, name, patience))
    }

    /// Forgets a room that everyone has left.
    ///
    /// # Errors
    /// [`Gone`] when the thread is.
    pub fn close(&self, key: RoomKey) -> Result<(), Gone> {
        self.command(Command::Close(key))
    }

    /// Tells a room that something happened at that time. A packet may wait for the thread to wake, if `patience` of its
    /// room says so.
    ///
    /// # Errors
    /// [`Gone`] when the thread is.
    pub fn tell(&self, key: RoomKey, at: Micros, event: Event, patience: &Patience) -> Result<(), Gone> {
        if !matches!(event, Event::Packet(..)) {
            return self.command(Command::Room(key, at, event));
        }
        if self.backlog.load(Ordering::Relaxed) >= MAX_BACKLOG {
            self.late.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        self.backlog.fetch_add(1, Ordering::Relaxed);
        self.inbox.send(Command::Room(key, at, event)).map_err(|_| Gone)?;
        if !patience.may_wait() {
            self.sleeper.wake();
        }
        Ok(())
    }

    /// Packets of talkers that came too late to be of use, or to a thread with too much to do, since the start.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// Says goodbye to everyone in every room.
    ///
    /// # Errors
    /// [`Gone`] when the thread is.
    pub fn goodbye(&self) -> Result<(), Gone> {
        self.command(Command::Goodbye)
    }

    fn command(&self, command: Command) -> Result<(), Gone> {
        self.inbox.send(command).map_err(|_| Gone)?;
        self.sleeper.wake();
        Ok(())
    }
}

struct Driver {
    commands: Receiver<Command>,
    backlog: Arc<AtomicUsize>,
    late: Arc<AtomicU64>,
    clock: Clock,
    ptime: Ptime,
    naps: Naps,
    rooms: HashMap<RoomKey, Scheduled>,
    /// The room of the last command, where something of it has yet to be written.
    unwritten: Option<RoomKey>,
    /// Earliest first; an entry counts only while it is its room's own deadline.
    deadlines: BinaryHeap<Reverse<(Micros, RoomKey)>>,
    /// Goodbye was said; who still comes hears it too.
    closing: bool,
}

struct Scheduled {
    room: Room,
    demand: Demand,
    deadline: Option<Micros>,
    /// The engine's time never goes back, though sessions stamp arrivals side by side.
    latest: Micros,
}

impl Driver {
    fn run(mut self) {
        let realtime = kernel::schedule_realtime();
        tracing::debug!(realtime, "mixer thread runs");
        loop {
            if self.take_arrived().is_err() {
                return;
            }
            self.write();
            self.act_on_due();
            match self.wait() {
                Ok(Some(command)) => self.obey(command),
                Ok(None) => {}
                Err(Gone) => return,
            }
        }
    }

    /// What arrived before a deadline is handled before it.
    fn take_arrived(&mut self) -> Result<(), Gone> {
        for _ in 0..BATCH {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Once for commands in a row: a burst of packets of one talker is one write for each listener.
    fn write(&mut self) {
        if let Some(key) = self.unwritten.take() {
            self.with_room(key, Micros(0), |room, _| room.write());
        }
    }

    fn act_on_due(&mut self) {
        let now = self.clock.now();
        while let Some(&Reverse((at, key))) = self.deadlines.peek() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            if self.rooms.get(&key).is_some_and(|scheduled| scheduled.deadline == Some(at)) {
                self.with_room(key, now, |room, now| {
                    let mut times = 0;
                    while times < MAX_CATCH_UP && room.next_timeout().is_some_and(|next| next <= now) {
                        room.timeout(now);
                        times += 1;
                    }
                    room.write();
                });
            }
        }
    }

    /// The next command, or nothing after having slept until a deadline or until somebody woke the thread.
    fn wait(&mut self) -> Result<Option<Command>, Gone> {
        Patience::look();
        match self.commands.try_recv() {
            Ok(command) => return Ok(Some(command)),
            Err(TryRecvError::Disconnected) => return Err(Gone),
            Err(TryRecvError::Empty) => {}
        }
        match self.deadlines.peek() {
            Some(&Reverse((at, _))) => thread::park_timeout(Duration::from_micros(at.since(self.clock.now()))),
            None => thread::park(),
        }
        Ok(None)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Room(key, at, event) => {
                if matches!(event, Event::Packet(..)) {
                    self.backlog.fetch_sub(1, Ordering::Relaxed);
                }
                if self.unwritten.is_some_and(|unwritten| unwritten != key) {
                    self.write();
                }
                if self.rooms.contains_key(&key) {
                    let late = self.closing && event.greeting().is_some();
                    let mut unwritten = false;
                    self.with_room(key, at, |room, now| {
                        room.handle(now, event);
                        if late {
                            room.goodbye();
                        }
                        unwritten = room.is_unwritten();
                    });
                    self.unwritten = unwritten.then_some(key);
                } else if let Some(greeting) = event.greeting() {
                    room::fail(&greeting.egress);
                }
            }
            Command::Open(key, name, patience) => {
                let now = self.clock.now();
                let room = Room::new(name, self.ptime, staggered(key, now, self.ptime));
                let demand = Demand::new(patience, self.naps.clone());
                self.rooms.insert(key, Scheduled { room, demand, deadline: None, latest: now });
            }
            Command::Close(key) => {
                self.rooms.remove(&key);
            }
            Command::Goodbye => {
                self.closing = true;
                for scheduled in self.rooms.values() {
                    scheduled.room.goodbye();
                }
            }
        }
    }

    /// Lets something happen to a room and notes its next deadline. A room that panics ends, with everyone in it
    /// told; the other rooms of the thread go on.
    fn with_room(&mut self, key: RoomKey, at: Micros, act: impl FnOnce(&mut Room, Micros)) {
        let Some(scheduled) = self.rooms.get_mut(&key) else { return };
        scheduled.latest = scheduled.latest.max(at);
        let now = scheduled.latest;
        if catch_unwind(AssertUnwindSafe(|| act(&mut scheduled.room, now))).is_err() {
            tracing::error!(room = %scheduled.room.name(), "the room panicked and is closed");
            scheduled.room.fail();
            self.rooms.remove(&key);
            return;
        }
        let late = scheduled.room.take_late();
        if late > 0 {
            self.late.fetch_add(late, Ordering::Relaxed);
        }
        if scheduled.room.take_left_over() {
            scheduled.demand.left_over();
        }
        let next = scheduled.room.next_timeout();
        scheduled.demand.set(match next {
            None => Urgency::Silent,
            Some(_) if scheduled.room.packets_may_wait() => Urgency::Tick,
            Some(_) => Urgency::Now,
        });
        if next != scheduled.deadline {
            scheduled.deadline = next;
            self.deadlines.extend(next.map(|next| Reverse((next, key))));
        }
    }
}

/// The instant at or shortly before `now` from which a room counts its ticks. Consecutive rooms are a golden section
/// of the packet time apart, which spreads any number of them evenly, so that they do not all mix at once.
fn staggered(key: RoomKey, now: Micros, ptime: Ptime) -> Micros {
    const GOLDEN_PER_MILLION: u64 = 618_034;
    let phase = key.0.wrapping_mul(GOLDEN_PER_MILLION) % 1_000_000 * ptime.micros() / 1_000_000;
    let since_phase = (now.0 + ptime.micros() - phase) % ptime.micros();
    if since_phase > now.0 { now } else { now - since_phase }
}

#[cfg(test)]
mod tests;
