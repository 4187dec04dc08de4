//! QR codes: of links and of a Wi-Fi network, for a terminal, as SVG and as PNG.

pub mod wifi;

use std::{
    fmt::Write,
    io,
    path::{Path, PathBuf},
};

use qrcode::{
    Color, QrCode,
    render::{svg, unicode::Dense1x2},
};

use crate::state_dir;

/// Light modules around the code, ISO/IEC 18004 section 9.1.
const QUIET: usize = 4;
/// Pixels of a module in a PNG: sharp on paper of a hand's size.
const MODULE: usize = 12;

/// Why there is no file with a code.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The text is longer than a code can hold.
    #[error("too long for a QR code")]
    TooLong(#[from] qrcode::types::QrError),
    /// The file's name says neither.
    #[error("the name of the file has to end in .png or .svg")]
    Extension,
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The image was not made.
    #[error(transparent)]
    Png(#[from] png::EncodingError),
}

/// Half blocks, two rows of modules a line, dark on light whatever the terminal's colours; nothing for a text that
/// fits no code.
#[must_use]
pub fn terminal(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else { return String::new() };
    // Terminals mostly have a dark ground, where the drawn half blocks are the light modules.
    let image = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    image.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}

/// A drawing, black on white, quiet zone included.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::new(text)?;
    let mut picture = code.render();
    Ok(picture.min_dimensions(400, 400).dark_color(svg::Color("#000")).light_color(svg::Color("#fff")).build())
}

/// An image of one bit a pixel, quiet zone included.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn png(text: &str) -> Result<Vec<u8>, QrError> {
    let code = QrCode::new(text)?;
    let modules = code.width();
    let side = (modules + 2 * QUIET) * MODULE;
    let light = |x: usize, y: usize| {
        let module = |pixel: usize| (pixel / MODULE).checked_sub(QUIET).filter(|n| *n < modules);
        !matches!((module(x), module(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    // Rows begin at whole bytes, the leftmost pixel in the highest bit.
    let mut pixels = vec![0; side.div_ceil(8) * side];
    for y in 0..side {
        for x in (0..side).filter(|x| light(*x, y)) {
            pixels[y * side.div_ceil(8) + x / 8] |= 0x80 >> (x % 8);
        }
    }
    let mut file = Vec::new();
    // A code has at most 177 modules a side.
    let side = u32::try_from(side).expect("a few thousand pixels");
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// Writes a code into a file for its owner only, since links and passwords let people in: `.png` or `.svg`.
///
/// # Errors
/// [`QrError`].
pub fn write(path: &Path, text: &str) -> Result<(), QrError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let content = match extension.to_ascii_lowercase().as_str() {
        "png" => png(text)?,
        "svg" => svg(text)?.into_bytes(),
        _ => return Err(QrError::Extension),
    };
    Ok(state_dir::write(path, &content, 0o600)?)
}

/// Where the code of the Wi-Fi goes beside that of the link: `join.png` has `join-wifi.png` beside it.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-wifi.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://192.168.1.20:8443/r/lobby#abcdefghijklmnopqrstuv";

    /// The modules of a PNG, read pixel by pixel in the middle of each.
    fn modules(file: &[u8]) -> Vec<Vec<bool>> {
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("an image");
        let side = info.width as usize / MODULE;
        let dark = |x: usize, y: usize| {
            let (x, y) = (x * MODULE + MODULE / 2, y * MODULE + MODULE / 2);
            pixels[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0
        };
        (0..side).map(|y| (0..side).map(|x| dark(x, y)).collect()).collect()
    }

    #[test]
    fn the_image_holds_the_codes_modules_and_a_quiet_zone() {
        let code = QrCode::new(LINK).expect("a code");
        let image = modules(&png(LINK).expect("an image"));
        assert_eq!(image.len(), code.width() + 2 * QUIET);
        for (y, row) in image.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < code.width());
                let wanted = matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark);
                assert_eq!(*dark, wanted, "{x} {y}");
            }
        }
    }

    #[test]
    fn files_are_of_the_kind_their_name_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        write(&path("a.PNG"), LINK).expect("written");
        assert!(std::fs::read(path("a.PNG")).expect("there").starts_with(b"\x89PNG"));
        write(&path("a.svg"), LINK).expect("written");
        assert!(std::fs::read_to_string(path("a.svg")).expect("there").contains("<svg"));
        assert!(matches!(write(&path("a.jpg"), LINK), Err(QrError::Extension)));
        assert!(matches!(write(&path("b.png"), &"x".repeat(4000)), Err(QrError::TooLong(_))));
        assert!(matches!(write(&path("no/b.png"), LINK), Err(QrError::Io(_))));
        assert_eq!(beside(Path::new("/x/join.png")), Path::new("/x/join-wifi.png"));
    }

    #[test]
    fn a_terminal_shows_a_code() {
        assert!(terminal(LINK).lines().filter(|line| line.contains('█')).count() > 10);
        assert_eq!(terminal(&"x".repeat(4000)), "");
    }
}
