//! PESQ-WB by the package `pesq` from PyPI, in a virtual environment of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use benches::{speech::downsample, tone};
use hound::{SampleFormat, WavSpec, WavWriter};

const WAV: WavSpec =
    WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// Something said and how it was heard, of equal length, at 48 kHz.
#[derive(Debug)]
pub struct Pair {
    pub reference: Vec<f32>,
    pub heard: Vec<f32>,
}

/// PESQ-WB of each pair, 1.0 (bad) to 4.64.
///
/// # Errors
/// If there is no Python, or it cannot install the package.
pub fn wideband(pairs: &[Pair]) -> Result<Vec<f64>> {
    let python = python()?;
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(&python);
    command.arg(source("pesq_wb.py"));
    for (n, pair) in pairs.iter().enumerate() {
        for (kind, signal) in [("reference", &pair.reference), ("heard", &pair.heard)] {
            let path = folder.path().join(format!("{n}-{kind}.wav"));
            write(&path, &tone::to_pcm(&downsample(signal)))?;
            command.arg(path);
        }
    }
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("running {}", python.display()))?;
    ensure!(output.status.success(), "PESQ failed with {}", output.status);
    let figures: Vec<f64> =
        String::from_utf8(output.stdout)?.lines().map(|line| line.trim().parse()).collect::<Result<_, _>>()?;
    ensure!(figures.len() == pairs.len(), "PESQ gave {} figures for {} pairs", figures.len(), pairs.len());
    Ok(figures)
}

/// An interpreter that has the package: `PESQ_PYTHON` of the environment, else one in a virtual environment beside what cargo
/// builds, which is made when it is first needed.
fn python() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("PESQ_PYTHON") {
        return Ok(given.into());
    }
    // …/release/quality → …/pesq
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("the program lies in no folder")?;
    let venv = target.join("pesq");
    let python = venv.join("bin/python");
    if !has_package(&python) {
        eprintln!("quality: installing the Python package pesq into {}", venv.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv), "python3 with its module venv is needed")?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        run(Command::new(&python).args(install).arg(source("requirements.txt")), "the package pesq is needed")?;
    }
    Ok(python)
}

fn has_package(python: &Path) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", "import numpy, pesq"]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(command: &mut Command, otherwise: &'static str) -> Result<()> {
    let status = command.stdout(Stdio::null()).status().context(otherwise)?;
    ensure!(status.success(), "{otherwise}");
    Ok(())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pesq").join(name)
}

fn write(path: &Path, samples: &[i16]) -> Result<()> {
    let mut writer = WavWriter::create(path, WAV).with_context(|| format!("writing {}", path.display()))?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    Ok(writer.finalize()?)
}
