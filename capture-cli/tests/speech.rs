//! Proves that what goes in comes out: real speech through the real relay, over real sockets, in real time.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use capture_cli::alike::alike_by_second;
use capture_cli::level::dbfs;
use capture_cli::signal::{Noise, align_ms, correlation_by_second};
use common::{Program, TestRelay, alone, explained_ms, read, run, speech, speech_path, when_calm, write};
use relay_engine::Ptime;
use tempfile::tempdir;

/// What the must-hold asks for, by a path that follows the playout's delay.
fn same_speech(input: &[i16], output: &[i16]) -> Result<(), String> {
    let delay = align_ms(input, output, 5_000);
    let seconds = alike_by_second(input, output, delay);
    if seconds.is_empty() || seconds.iter().any(|&(_, correlation)| correlation < 0.95) {
        return Err(format!("correlation by second, at a delay of {delay} ms: {seconds:?}"));
    }
    Ok(())
}

/// What the program says that it concealed.
fn concealed_ms(said: &str) -> f64 {
    let figure = said.split(" ms concealed").next().and_then(|before| before.rsplit(' ').next());
    figure.and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no figure: {said}"))
}

#[test]
fn a_sentence_comes_out_as_it_went_in_and_nothing_is_concealed() {
    let _alone = alone();
    for ptime in [Ptime::Ms20, Ptime::Ms10] {
        let relay = TestRelay::with_ptime(ptime);
        when_calm(|watch| {
            let folder = tempdir().unwrap();
            let out = folder.path().join("out.wav");
            let mut listener = Program::start(&format!("listen --url {} --out {}", relay.url("a"), out.display()));
            listener.until("joined room");
            run(&format!("talk --url {} --file {} --name mouth", relay.url("a"), speech_path(870).display())).ok();
            listener.until("mouth left").interrupt();
            let said = listener.end().ok().stderr;
            assert!(said.contains("mouth to ear p50"), "capture stamps come through: {said}");
            if !said.contains(" 0 discarded,") || concealed_ms(&said) > explained_ms(watch) {
                return Err(format!("{ptime:?}: {said}"));
            }
            same_speech(&speech(870), &read(&out))
        });
    }
}

#[test]
fn alone_with_a_silent_other_there_is_silence() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let folder = tempdir().unwrap();
    let out = folder.path().join("out.wav");
    let mut silent = Program::start(&format!("listen --url {} --out /dev/null --name silent", relay.url("a")));
    silent.until("joined room");
    let join = format!("join --url {} --file {} --out {}", relay.url("a"), speech_path(930).display(), out.display());
    run(&join).ok();
    let heard = read(&out);
    assert!(heard.len() >= speech(930).len() + 48_000, "one second more than the file");
    assert!(dbfs(&heard) < -80.0, "{}", dbfs(&heard));
}

#[test]
fn two_who_talk_hear_each_other_and_not_themselves() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(format!("{name}.wav"));
    // Each is silent until the other has surely come.
    let sentence = |number: u32| [vec![0; 72_000], speech(number)].concat();
    let (ann_says, bo_says) = (sentence(880), sentence(930));
    write(&path("ann-says"), &ann_says);
    write(&path("bo-says"), &bo_says);
    let join = |name: &str| {
        let (file, out) = (path(&format!("{name}-says")), path(&format!("{name}-hears")));
        let (file, out, url) = (file.display(), out.display(), relay.url("pair"));
        Program::start(&format!("join --url {url} --name {name} --file {file} --out {out} --seconds 6"))
    };
    when_calm(|_| {
        let (mut ann, mut bo) = (join("ann"), join("bo"));
        ann.until("joined room");
        bo.until("joined room");
        ann.end().ok();
        bo.end().ok();
        for (name, own) in [("ann", &ann_says), ("bo", &bo_says)] {
            let heard = read(&path(&format!("{name}-hears")));
            let alike = correlation_by_second(own, &heard, align_ms(own, &heard, 1_000));
            assert!(alike.iter().any(|&(_, correlation)| correlation < 0.6), "{name} hears themselves: {alike:?}");
        }
        same_speech(&bo_says, &read(&path("ann-hears")))?;
        same_speech(&ann_says, &read(&path("bo-hears")))
    });
}

#[test]
fn the_first_60_ms_after_a_pause_arrive_as_with_continuous() {
    let _alone = alone();
    let folder = tempdir().unwrap();
    let file = folder.path().join("in.wav");
    let mut noise = Noise::new(5);
    let (mut input, mut onsets) = (Vec::new(), Vec::new());
    for number in [890, 880, 930] {
        input.extend(noise.frame(72_000, -66.0));
        onsets.push(input.len());
        // The sentence from its first plain sound on, so that the onset is where we say it is.
        let sentence = speech(number);
        let first = 480 * sentence.chunks(480).position(|hop| dbfs(hop) > -40.0).unwrap();
        input.extend(&sentence[first..]);
    }
    write(&file, &input);
    let first_60_ms = |mode: &str| {
        let relay = TestRelay::plain();
        let out = folder.path().join("out.wav");
        let mut listener = Program::start(&format!("listen --url {} --out {}", relay.url("a"), out.display()));
        listener.until("joined room");
        run(&format!("talk --url {} --file {} --name mouth {mode}", relay.url("a"), file.display())).ok();
        listener.until("mouth left").interrupt();
        listener.end().ok();
        let output = read(&out);
        let delay = align_ms(&input, &output, 5_000) * 48;
        onsets.iter().map(|onset| dbfs(&output[onset + delay..onset + delay + 2_880])).collect::<Vec<f64>>()
    };
    when_calm(|_| {
        let (suppressed, continuous) = (first_60_ms(""), first_60_ms("--continuous"));
        if suppressed.iter().zip(&continuous).all(|(a, b)| (a - b).abs() < 3.0) {
            Ok(())
        } else {
            Err(format!("suppressed {suppressed:?}, continuous {continuous:?} dBFS"))
        }
    });
}

#[test]
fn a_recording_is_as_long_as_the_time_joined() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let folder = tempdir().unwrap();
    let out = folder.path().join("out.wav");
    run(&format!("listen --url {} --out {} --seconds 1.5", relay.url("a"), out.display())).ok();
    assert_eq!(read(&out).len(), 72_000);

    let mut listener = Program::start(&format!("listen --url {} --out {}", relay.url("a"), out.display()));
    let before = Instant::now();
    listener.until("joined room");
    let joined = Instant::now();
    std::thread::sleep(Duration::from_millis(700));
    let shortest = joined.elapsed();
    listener.interrupt();
    listener.end().ok();
    let longest = before.elapsed();
    let length = Duration::from_millis(read(&out).len() as u64 / 48);
    let slack = Duration::from_millis(30);
    assert!(length + slack > shortest && length < longest + slack, "{shortest:?} {length:?} {longest:?}");
}

#[test]
fn pipes_carry_speech_in_and_out() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let input = speech(880);
    // Who writes sets the pace, and has to be as punctual as a microphone.
    capture_cli::priority::raise();
    when_calm(|_| same_speech(&input, &through_pipes(&relay.url("pipes"), &input)));
}

/// What a listener's standard output gives of what is written to a talker's standard input.
fn through_pipes(url: &str, input: &[i16]) -> Vec<i16> {
    let mut command = Program::command();
    command.args(["listen", "--url", url, "--out", "-"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut listener = Program::spawn(command);
    let mut stdout = listener.child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<i16>>()
    });
    listener.until("joined room");

    let mut command = Program::command();
    command.args(["talk", "--url", url, "--name", "mouth", "--file", "-", "--continuous"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut talker = Program::spawn(command);
    let mut stdin = talker.child.stdin.take().unwrap();
    talker.until("joined room");
    let start = Instant::now();
    for (i, block) in (1..).zip(input.chunks(480)) {
        std::thread::sleep((Duration::from_millis(10) * i).saturating_sub(start.elapsed()));
        let bytes: Vec<u8> = block.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        stdin.write_all(&bytes).unwrap();
    }
    drop(stdin);
    talker.end().ok();
    listener.until("mouth left").interrupt();
    listener.end().ok();
    reader.join().unwrap()
}

#[test]
fn a_reader_who_leaves_ends_it_without_complaint() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let mut command = Program::command();
    command.args(["listen", "--url", &relay.url("a"), "--out", "-"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut listener = Program::spawn(command);
    listener.until("joined room");
    drop(listener.child.stdout.take());
    listener.end().ok();
}
