//! Broken and hostile files from sound ones: what disks, networks and attackers do to bytes. Each follows from its seed.

use crate::demo::chance::Chance;

/// Some of a file's bytes put back in where they do not belong, changed, doubled, left out.
pub fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed, 900);
    let mut out = bytes.to_vec();
    for _ in 0..=chance.below(3) {
        out = once(&out, &mut chance);
    }
    // A file that grows without end tests the disk, not the reader.
    out.truncate(8 << 20);
    out
}

fn once(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let length = bytes.len().max(1) as u64;
    let mut out = bytes.to_vec();
    let place = |chance: &mut Chance| chance.below(length) as usize;
    match chance.below(12) {
        // Cut off.
        0 => out.truncate(place(chance)),
        // Single bytes.
        1 => {
            for _ in 0..=chance.below(40) {
                let at = place(chance);
                if let Some(byte) = out.get_mut(at) {
                    *byte = chance.below(256) as u8;
                }
            }
        }
        // Bits of the head, where sizes and types stand.
        2 => {
            for _ in 0..=chance.below(6) {
                let at = chance.below(length.min(64)) as usize;
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
        // A run of one byte.
        3 => {
            let (from, run) = (place(chance), chance.below(4_000) as usize);
            let fill = *chance.pick(&[0_u8, 0xff, b'<', b'(', b'[', b'%']);
            out.iter_mut().skip(from).take(run).for_each(|b| *b = fill);
        }
        // A part doubled, often.
        4 => {
            let (from, run) = (place(chance), 1 + chance.below(3_000) as usize);
            let part: Vec<u8> = bytes.iter().skip(from).take(run).copied().collect();
            for _ in 0..chance.below(200) {
                out.extend(&part);
            }
        }
        // A part left out.
        5 => {
            let from = place(chance);
            let to = (from + chance.below(5_000) as usize).min(out.len());
            out.drain(from.min(to)..to);
        }
        // Numbers in text made huge, negative or empty.
        6 => out = numbers(bytes, chance),
        // Four bytes as the largest number.
        7 => {
            let at = chance.below(length.min(200)) as usize;
            out.iter_mut().skip(at).take(4).for_each(|b| *b = 0xff);
        }
        // The tail of the file before its head.
        8 => out.rotate_left(place(chance)),
        // The magic of another type.
        9 => {
            let magic: &[u8] = chance.pick::<&[u8]>(&[
                b"%PDF-1.7\n",
                b"\x89PNG\r\n\x1a\n",
                b"\xff\xd8\xff\xe0",
                b"GIF89a",
                b"II*\0",
                b"RIFF\0\0\0\0WEBPVP8 ",
                b"From: a@b.example\r\n",
            ]);
            out.splice(0..magic.len().min(out.len()), magic.iter().copied());
        }
        // Deep nesting.
        10 => {
            let open: &[u8] = chance.pick::<&[u8]>(&[
                b"[",
                b"<<",
                b"(",
                b"<div>",
                b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
                b"q ",
            ]);
            let at = place(chance);
            let many: Vec<u8> = open.iter().copied().cycle().take(open.len() * (1 + chance.below(20_000) as usize)).collect();
            out.splice(at..at, many);
        }
        // Words of PDF swapped: types, filters and references that do not fit.
        _ => {
            let pairs: [(&[u8], &[u8]); 8] = [
                (b"/FlateDecode", b"/DCTDecode"),
                (b"/Kids", b"/Size"),
                (b"/Page ", b"/Pages"),
                (b" 0 R", b" 9 R"),
                (b"endobj", b"stream"),
                (b"/Length", b"/Widths"),
                (b"IDAT", b"IEND"),
                (b"/Contents", b"/Parent  "),
            ];
            let (from, to) = *chance.pick(&pairs);
            let mut at = 0;
            while let Some(found) = out.get(at..).and_then(|rest| rest.windows(from.len()).position(|w| w == from)) {
                let start = at + found;
                out.splice(start..start + from.len(), to.iter().copied());
                at = start + to.len().max(1);
            }
        }
    }
    out
}

fn numbers(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte.is_ascii_digit() && chance.percent(2) {
            let run = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            out.extend(*chance.pick::<&[u8]>(&[b"999999999", b"-1", b"0", b"", b"4294967296", b"1e99"]));
            rest = &rest[run..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_breaks_a_file_in_one_way() {
        let sound = b"%PDF-1.4\n1 0 obj << /Kids [2 0 R] /Length 44 >> endobj\n%%EOF".repeat(20);
        let broken: Vec<Vec<u8>> = (0..60).map(|seed| mutated(&sound, seed)).collect();
        assert!(broken.iter().filter(|b| **b != sound).count() > 50);
        assert_eq!(mutated(&sound, 7), broken[7]);
        assert!(mutated(b"", 3).len() < 100_000);
    }
}
