//! PDFs made here: what they show is known exactly.

use super::*;
use estafette_sandbox::serve::STACK_BYTES;
use std::fmt::Write as _;

/// The text of a PDF that was made, or looked at, before.
pub(crate) fn text(bytes: Vec<u8>) -> Result<PdfText, PdfError> {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| read(bytes)).unwrap().join().unwrap()
}

/// Text at a place: x and y in points from the bottom left corner, size, text in Latin-1.
type Shown<'a> = (f64, f64, f64, &'a str);

fn content(shown: &[Shown<'_>]) -> String {
    let mut out = String::new();
    for (x, y, size, text) in shown {
        let text = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        let _ = writeln!(out, "BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET");
    }
    out
}

/// A PDF with one content stream per page; `extra` goes into the trailer.
fn pdf(pages: &[String], extra: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|index| format!("{} 0 R", 4 + index * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (index, page) in pages.iter().enumerate() {
        let at = 5 + index * 2;
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {at} 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /X {at} 0 R >> >> >>"
        ));
        objects.push(format!(
            "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Length {} >>\nstream\n{page}\nendstream",
            page.len() + 1
        ));
    }
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        // Latin-1: what is above 127 is one byte.
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')));
        out.extend(b"\nendobj\n");
    }
    let xref = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    out.extend(format!("trailer\n<< /Size {size} /Root 1 0 R {extra} >>\nstartxref\n{xref}\n%%EOF\n").bytes());
    out
}

fn read_shown(shown: &[Shown<'_>]) -> String {
    text(pdf(&[content(shown)], "")).unwrap().text
}

const PROSE: &str = "Ten years of backend work with Rust and Postgres.";

#[test]
fn lines_items_and_paragraphs_are_kept() {
    let shown = [
        (50.0, 750.0, 20.0, "Zo\u{e9} Martin"),
        (50.0, 720.0, 10.0, PROSE),
        (50.0, 690.0, 10.0, "\u{b7} First item"),
        (50.0, 678.0, 10.0, "- Second item (2021)"),
    ];
    assert_eq!(read_shown(&shown), format!("Zo\u{e9} Martin\n{PROSE}\n\n- First item\n- Second item (2021)"));
}

#[test]
fn a_paragraph_is_joined_and_a_heading_is_not() {
    let long = "Led the migration of a payments platform used by four million people to a new";
    let shown = [
        (50.0, 750.0, 10.0, "Experience"),
        (50.0, 738.0, 10.0, long),
        (50.0, 726.0, 10.0, "architecture in fourteen regions and kept it running all the time while work"),
        (50.0, 714.0, 10.0, "went on."),
        (50.0, 702.0, 10.0, "Education"),
    ];
    let text = read_shown(&shown);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2]), ("Experience", "Education"), "{text}");
    assert!(lines[1].ends_with("while work went on."), "{text}");
}

#[test]
fn columns_are_read_one_after_the_other_and_a_headline_above_both_first() {
    let mut shown = vec![(50.0, 760.0, 20.0, "A headline that runs over both of the columns below it")];
    let left = ["Skills", "Rust and Go", "Postgres", "Kubernetes", "Languages", "French"];
    let right = [
        "Work done so far",
        "Built a billing engine",
        "Cut the build time",
        "Ran the on-call team",
        "Studies",
        "Computer science",
    ];
    for (index, (left, right)) in left.iter().zip(right).enumerate() {
        let y = 700.0 - f64::from(u32::try_from(index).unwrap()) * 14.0;
        shown.push((50.0, y, 10.0, left));
        shown.push((300.0, y - 3.0, 10.0, right));
    }
    let text = read_shown(&shown);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    assert!(at("headline") < at("Skills"));
    assert!(at("French") < at("Work done so far"), "{text}");
}

#[test]
fn a_heading_below_a_grid_is_not_drawn_into_its_first_column() {
    let mut shown = Vec::new();
    for (row, y) in [(0, 700.0), (1, 688.0), (2, 676.0), (3, 664.0), (4, 652.0)] {
        let (left, right) = [
            ("Rust", "Kafka streams"),
            ("Go", "Jenkins jobs"),
            ("Java", "Cloud work"),
            ("SQL", "Testing"),
            ("Bash", "Ansible"),
        ][row];
        shown.push((50.0, y, 10.0, left));
        shown.push((300.0, y, 10.0, right));
    }
    shown.push((50.0, 620.0, 10.0, "Experience"));
    shown.push((
        50.0,
        608.0,
        10.0,
        "Built the control plane of a hybrid cloud and ran it for several years with a team",
    ));
    let text = read_shown(&shown);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    assert!(at("Ansible") < at("Experience"), "{text}");
}

#[test]
fn dates_at_the_right_stay_with_their_line() {
    let mut shown = Vec::new();
    let jobs = [
        "Senior engineer at Northwind",
        "Engineer at Contoso and others",
        "Intern at Fabrikam in Boise",
        "Tutor at the university",
        "Volunteer",
    ];
    for (index, job) in jobs.iter().enumerate() {
        let y = 700.0 - f64::from(u32::try_from(index).unwrap()) * 14.0;
        shown.push((50.0, y, 10.0, *job));
        shown.push((
            if index % 2 == 0 { 500.0 } else { 520.0 - f64::from(u32::try_from(index).unwrap()) * 9.0 },
            y,
            10.0,
            "2020 - 21",
        ));
    }
    let text = read_shown(&shown);
    assert!(text.contains("Senior engineer at Northwind  2020 - 21"), "{text}");
}

#[test]
fn spaced_letters_and_missing_spaces_are_words_again() {
    let shown = [
        (50.0, 750.0, 14.0, "J O R D A N"),
        (50.0, 720.0, 10.0, "Backend"),
        (92.0, 720.0, 10.0, "engineer with some years of practice"),
    ];
    let text = read_shown(&shown);
    assert!(text.starts_with("JORDAN\n"), "{text}");
    assert!(text.contains("Backend engineer"), "{text}");
}

#[test]
fn what_is_no_whole_readable_pdf_is_told_why() {
    let good = pdf(&[content(&[(50.0, 700.0, 10.0, PROSE)])], "");
    assert!(text(good.clone()).is_ok());
    let cases = [
        (Vec::new(), PdfError::NotPdf),
        (b"<html>not a pdf</html>".to_vec(), PdfError::NotPdf),
        (b"%PDF-1.7\nand then only words".to_vec(), PdfError::NotPdf),
        (good[..good.len() / 2].to_vec(), PdfError::Broken),
        (pdf(&[content(&[])], ""), PdfError::NoText),
        (
            pdf(&vec![content(&[(50.0, 700.0, 10.0, PROSE)]); PDF_PAGES_MAX + 1], ""),
            PdfError::TooManyPages { pages: PDF_PAGES_MAX + 1 },
        ),
        (pdf(&[], ""), PdfError::Broken),
        (vec![b' '; PDF_BYTES_MAX + 1], PdfError::TooLarge { bytes: PDF_BYTES_MAX + 1 }),
    ];
    for (index, (bytes, error)) in cases.into_iter().enumerate() {
        assert_eq!(text(bytes), Err(error), "case {index}");
    }
}

#[test]
fn a_password_is_told_as_such() {
    let (owner, user) = ("11".repeat(32), "22".repeat(32));
    let lock = format!(
        "/ID [<{0}> <{0}>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{owner}> /U <{user}> >>",
        "33".repeat(16)
    );
    let locked = pdf(&[content(&[(50.0, 700.0, 10.0, PROSE)])], &lock);
    assert_eq!(text(locked), Err(PdfError::Encrypted));
}

#[test]
fn hostile_files_end_in_an_error_or_a_text_and_never_hang() {
    let started = std::time::Instant::now();
    let deep = [
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)),
        format!("{}{}", "<</A ".repeat(100_000), ">>".repeat(100_000)),
        "q ".repeat(500_000),
        format!("BT /F1 10 Tf {} ET", "(x) Tj ".repeat(PDF_TEXT_CHARS_MAX + 1)),
        // A form that draws itself, many times.
        "/X Do ".repeat(1_000),
    ];
    for page in deep {
        let _ = text(pdf(&[page], ""));
    }
    let nested = format!("/Junk {}{}", "[".repeat(200_000), "]".repeat(200_000));
    let _ = text(pdf(&[content(&[(50.0, 700.0, 10.0, PROSE)])], &nested));
    assert!(started.elapsed() < READ_TIME_MAX * 3, "{:?}", started.elapsed());
}

#[test]
fn damaged_bytes_never_panic() {
    let good = pdf(&[content(&[(50.0, 700.0, 10.0, PROSE)])], "");
    for seed in 0..150_usize {
        let mut bytes = good.clone();
        for step in 0..8 {
            let at = (seed * 7_919 + step * 104_729) % bytes.len();
            bytes[at] = bytes[at].wrapping_add(u8::try_from((seed + step * 31) % 255).unwrap() + 1);
        }
        let _ = text(bytes);
    }
}
