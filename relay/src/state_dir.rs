//! The folder in which the relay keeps what must survive a restart.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where the state is kept when nothing is said: systemd's folder for the service, or the XDG base directory.
///
/// `None` when the environment names none.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("STATE_DIRECTORY")
        .or_else(|| absolute("XDG_STATE_HOME").map(|path| path.join("lanline")))
        .or_else(|| env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/state/lanline")))
}

/// Makes the folder, for its owner only, and makes sure that files can be written in it.
///
/// # Errors
/// Whatever the file system says.
pub fn prepare(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
    }
    let probe = path.join(format!(".probe-{}", std::process::id()));
    write_new(&probe, b"", 0o600)?;
    fs::remove_file(probe)
}

/// Writes a file in one step: readers see the old content or the new, never a part.
///
/// # Errors
/// Whatever the file system says.
pub fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension(format!("new-{}", std::process::id()));
    write_new(&unfinished, content, mode)?;
    fs::rename(unfinished, path)
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    // What lies there under this name is left from a process of the same number that was killed.
    let _ = fs::remove_file(path);
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_with_its_parents_and_can_be_used_again() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/b");
        prepare(&path).expect("made");
        prepare(&path).expect("there already");
        assert_eq!(fs::read_dir(&path).expect("readable").count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_folder_below_a_file_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(prepare(&file.path().join("state")).is_err());
        assert!(prepare(file.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("key.pem");
        write(&path, b"old", 0o644).expect("written");
        write(&path, b"new", 0o600).expect("written again");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
}
