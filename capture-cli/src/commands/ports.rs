//! The ends of the way: which source and which sink the command line asks for, opened before anything is joined,
//! so that a wrong file or device is said first.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::cli::{InputArgs, OutputArgs};
use crate::exit::Failure;
use crate::sinks::{self, Sink};
use crate::sources::{self, Source};
use crate::time::LocalClock;

/// What keeps a device running, besides the thread that reads or feeds it.
pub(super) type Running = Option<Box<dyn std::any::Any>>;

/// An opened source.
pub(super) struct Input {
    pub(super) source: Box<dyn Source>,
    /// Length and position of a file, for the progress bar.
    pub(super) progress: Option<(usize, Arc<AtomicUsize>)>,
    /// Whether it is a microphone.
    pub(super) device: Option<String>,
    pub(super) running: Running,
}

/// An opened sink.
pub(super) struct Output {
    pub(super) sink: Box<dyn Sink>,
    pub(super) device: Option<String>,
    pub(super) running: Running,
}

pub(super) fn open_input(args: &InputArgs, clock: LocalClock) -> Result<Input, Failure> {
    match &args.file {
        Some(path) if path == Path::new("-") => {
            if args.looped {
                return Err(Failure::Usage("standard input cannot be played over and over".into()));
            }
            let source = Box::new(sources::pipe::PipeSource::new(std::io::stdin(), clock));
            Ok(Input { source, progress: None, device: None, running: None })
        }
        Some(path) => {
            let samples = sources::wav::read(path)?;
            let length = samples.len();
            let source = sources::file::FileSource::new(samples, args.looped, clock);
            let progress = Some((length, source.position()));
            Ok(Input { source: Box::new(source), progress, device: None, running: None })
        }
        None => open_microphone(args.input_device.as_deref(), clock),
    }
}

pub(super) fn open_output(args: &OutputArgs) -> Result<Output, Failure> {
    match &args.out {
        Some(path) if path == Path::new("-") => {
            let stdout = sinks::pipe::stdout().map_err(|e| Failure::File(format!("standard output: {e}")))?;
            Ok(Output { sink: Box::new(sinks::pipe::PipeSink::new(stdout)), device: None, running: None })
        }
        Some(path) => Ok(Output { sink: Box::new(sinks::wav::WavSink::create(path)?), device: None, running: None }),
        None => open_speaker(args.output_device.as_deref()),
    }
}

#[cfg(feature = "audio")]
fn open_microphone(name: Option<&str>, clock: LocalClock) -> Result<Input, Failure> {
    let microphone = crate::device::capture::open(name, clock)?;
    Ok(Input {
        source: Box::new(microphone.source),
        progress: None,
        device: Some(microphone.name),
        running: Some(Box::new(microphone.stream)),
    })
}

#[cfg(feature = "audio")]
fn open_speaker(name: Option<&str>) -> Result<Output, Failure> {
    let speaker = crate::device::playback::open(name)?;
    Ok(Output { sink: Box::new(speaker.sink), device: Some(speaker.name), running: Some(Box::new(speaker.stream)) })
}

#[cfg(not(feature = "audio"))]
fn open_microphone(_name: Option<&str>, _clock: LocalClock) -> Result<Input, Failure> {
    Err(Failure::Device(format!("{}: give a sound file with --file", super::devices::WITHOUT_AUDIO)))
}

#[cfg(not(feature = "audio"))]
fn open_speaker(_name: Option<&str>) -> Result<Output, Failure> {
    Err(Failure::Device(format!("{}: give a file with --out", super::devices::WITHOUT_AUDIO)))
}
