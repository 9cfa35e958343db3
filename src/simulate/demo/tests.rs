//! Checks of the whole demo.

use super::*;

#[test]
fn scratch() {
    let dir = std::path::PathBuf::from(std::env::args().next().map(|_| "/tmp/q/demo-out").unwrap_or_default());
    let manifest = write_demo(&dir, 7, &mut |_, _, _| {}).unwrap();
    println!("{:#?}", manifest.counts);
}
