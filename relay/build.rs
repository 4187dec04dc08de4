//! Puts the built page where the relay embeds it from: a ready `web/dist`, or one that npm builds now.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, exit},
    time::SystemTime,
};

use flate2::{Compression, write::GzEncoder};

/// Files that get smaller, from this many bytes on.
const COMPRESSED: [&str; 6] = ["css", "html", "js", "json", "wasm", "webmanifest"];
const WORTH_COMPRESSING: usize = 1024;

/// What the page is built from.
const SOURCES: [&str; 10] = [
    "package.json",
    "package-lock.json",
    "index.html",
    "host.html",
    "check.html",
    "vite.config.ts",
    "tsconfig.json",
    "src",
    "build",
    "public",
];

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("page");
    let web = manifest.join("../web");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LANLINE_WEB_DIST");

    let dist = match env::var_os("LANLINE_WEB_DIST") {
        Some(ready) => PathBuf::from(ready),
        None => built(&web),
    };
    println!("cargo::rerun-if-changed={}", dist.join("index.html").display());
    if !dist.join("index.html").is_file() {
        fail(&format!("there is no page in {}", dist.display()));
    }
    if let Err(e) = fs::remove_dir_all(&out)
        && e.kind() != io::ErrorKind::NotFound
    {
        fail(&format!("cannot empty {}: {e}", out.display()));
    }
    copy(&dist, &out).unwrap_or_else(|e| fail(&format!("cannot copy the page from {}: {e}", dist.display())));
}

/// The built page's folder, built now if it is older than its sources.
fn built(web: &Path) -> PathBuf {
    // Builds of two profiles may run at once, and share the folder.
    let lock = fs::File::open(web).ok();
    let _ = lock.as_ref().map(fs::File::lock);
    let sources = SOURCES.map(|source| web.join(source)).into_iter().filter(|path| path.exists());
    let changed =
        sources.inspect(|path| println!("cargo::rerun-if-changed={}", path.display())).filter_map(|path| newest(&path));
    let dist = web.join("dist");
    if modified(&dist.join("index.html")) < changed.max() {
        npm(web, "ci", newest(&web.join("package-lock.json")) > modified(&web.join("node_modules/.package-lock.json")));
        npm(web, "run build", true);
    }
    dist
}

fn npm(web: &Path, task: &str, needed: bool) {
    if !needed {
        return;
    }
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    match Command::new(program).args(task.split(' ')).current_dir(web).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => fail(&format!(
            "`npm {task}` failed in {}:\n{}{}",
            web.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(e) => fail(&format!(
            "the page is built with npm, which does not start ({e}); install Node.js 20.19 or newer, \
             or name the folder of a built page in LANLINE_WEB_DIST"
        )),
    }
}

/// When the newest file at or below a path changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let below = fs::read_dir(path).into_iter().flatten().flatten();
    below.filter_map(|entry| newest(&entry.path())).chain(modified(path)).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            let content = fs::read(entry.path())?;
            let compresses = target.extension().is_some_and(|it| COMPRESSED.iter().any(|extension| it == *extension));
            if compresses && content.len() >= WORTH_COMPRESSING {
                let mut beside = target.clone().into_os_string();
                beside.push(".gz");
                fs::write(beside, gzipped(&content)?)?;
            }
            fs::write(target, content)?;
        }
    }
    Ok(())
}

fn gzipped(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

fn fail(message: &str) -> ! {
    eprintln!("error: {message}");
    exit(1)
}
