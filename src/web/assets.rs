//! Styles, scripts, typeface: embedded in the program, each under an address that holds the digest of its content, so that browsers
//! keep it for good and never show an old one.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::error::WebError;

#[derive(RustEmbed)]
#[folder = "assets/"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.woff2"]
#[include = "*.svg"]
struct Files;

/// An asset with its address.
struct Asset {
    address: String,
    content: Vec<u8>,
    kind: &'static str,
}

/// By the name in the folder.
static ASSETS: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    let mut assets = HashMap::new();
    let mut styles = Vec::new();
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        // Styles name other assets, so they get their digest after these have theirs.
        if name.ends_with(".css") {
            styles.push((name.to_string(), String::from_utf8_lossy(&file.data).into_owned()));
        } else {
            assets.insert(name.to_string(), asset(&name, file.data.into_owned()));
        }
    }
    for (name, mut text) in styles {
        for (other, asset) in &assets {
            text = text.replace(&format!("\"{other}\""), &format!("\"{}\"", asset.address));
        }
        assets.insert(name.clone(), asset(&name, text.into_bytes()));
    }
    assets
});

fn asset(name: &str, content: Vec<u8>) -> Asset {
    let digest = crate::secret::digest(&content);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let kind = match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "woff2" => "font/woff2",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Asset { address: format!("/assets/{stem}.{}.{extension}", &digest[..12]), content, kind }
}

/// The address of an asset; of one that is not there, an address that answers "not found".
pub fn address(name: &str) -> &'static str {
    ASSETS.get(name).map_or("/assets/missing", |asset| asset.address.as_str())
}

/// Serves an asset by the last part of its address.
pub async fn serve(Path(file): Path<String>) -> Result<Response, WebError> {
    let wanted = format!("/assets/{file}");
    let asset = ASSETS.values().find(|asset| asset.address == wanted).ok_or(WebError::NotFound)?;
    let mut response = asset.content.as_slice().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_the_digest_and_styles_name_them() {
        let font = address("inter-latin.woff2");
        assert!(font.starts_with("/assets/inter-latin.") && font.ends_with(".woff2"), "{font}");
        let css = &ASSETS["app.css"];
        let text = String::from_utf8(css.content.clone()).unwrap();
        assert!(text.contains(font), "the style names the typeface by its full address");
        assert!(!text.contains("\"inter-latin.woff2\""));
        assert_eq!(address("nothing.css"), "/assets/missing");
    }
}
