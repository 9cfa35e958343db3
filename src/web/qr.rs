//! QR codes as SVG, made here: the secret in them goes nowhere else.

use qrcodegen::{QrCode, QrCodeEcc};

/// The text as a QR code with its quiet zone, black on white in every theme. `None` when it is too long for one.
pub fn svg(text: &str) -> Option<String> {
    const QUIET: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" width=\"200\" height=\"200\" role=\"img\" aria-label=\"QR\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_or_refused() {
        let drawn = svg("otpauth://totp/Quittance:ana?secret=ABC&issuer=Quittance").unwrap();
        assert!(drawn.starts_with("<svg") && drawn.contains("M4,4h1v1h-1z"));
        assert!(svg(&"x".repeat(5_000)).is_none());
    }
}
