//! PDFs of known faults, made here.

/// Objects in order, and what goes into the trailer.
fn pdf(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let start = out.len();
    let size = objects.len() + 1;
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

fn one_page(content: &str) -> Vec<String> {
    vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /Im 6 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream".to_owned(),
    ]
}

/// A page with these lines of text.
pub fn with_text(lines: &str) -> Vec<u8> {
    let shown: Vec<String> = lines
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let line = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            format!("BT /F1 11 Tf 50 {} Td ({line}) Tj ET", 760 - 16 * index)
        })
        .collect();
    pdf(&one_page(&shown.join("\n")), "")
}

/// A scan: a picture and not one letter.
pub fn image_only() -> Vec<u8> {
    pdf(&one_page("q 500 0 0 700 50 50 cm /Im Do Q"), "")
}

/// Needs a password that nobody gave.
pub fn encrypted() -> Vec<u8> {
    let hex = "ab".repeat(32);
    let mut objects = one_page("BT /F1 11 Tf 50 760 Td (secret) Tj ET");
    objects.push(format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{hex}> /U <{hex}> >>"));
    pdf(&objects, "/Encrypt 7 0 R /ID [<0011223344556677> <0011223344556677>]")
}

/// The first half of one: the download was cut off.
pub fn cut_off() -> Vec<u8> {
    let whole = with_text(&super::offer_text(0));
    whole[..whole.len() / 2].to_vec()
}

/// Begins like a PDF and goes on as nothing.
pub fn noise() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..4_000_u32).map(|n| u8::try_from((n * 131 + 17) % 251).unwrap_or(0)));
    bytes
}

/// 4 GiB of spaces, compressed three times, in hexadecimal.
const BOMB: &str = "78daabb8f5f6ce42a3a78932c71f267b309949343a94b04797c9b88a9d700bec910c4c3e9e137ecef50deb0e06df2b6fbcf4\
    1c84549e3d8839f6ffb3cdcbb3fb7fcc2db713f7d72fdfef1ebfce4c5dfe7676bdb83b0303c38103b17ff7cf9bffbb2ec74f\
    fefb377e4606868685d6717151337a99debbbfde7d0e28c0d0fcfdf9f5f3536ff2375e3fbd99f53950a0e160746db5dcf96d\
    0dbf5fbeed67fe0e16f9ad2e01a419349b403a2e288139ba608e803212675466546654665466546654665466546654665466\
    546654665466546654665466546654665466546654665466546654665486163293b73f9ffd5e33e18f41adcd4dc98ba576e5\
    55bb377ee5bc6cb7e41b00ae610420";

/// 1.4 KB that unfold to 4 GiB.
pub fn bomb() -> Vec<u8> {
    let mut objects = one_page("");
    objects[3] = format!(
        "<< /Length {} /Filter [/ASCIIHexDecode /FlateDecode /FlateDecode /FlateDecode] >>\nstream\n{BOMB}>\nendstream",
        BOMB.len() + 1
    );
    pdf(&objects, "")
}
