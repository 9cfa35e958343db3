//! A compact read-only index from 64-bit hashes to row numbers.

/// Rows by hash: a directory over the upper bits, then rows with the lower bits as a tag. Eight bytes a row and two a row for the
/// directory.
///
/// A tag may, rarely, agree for two different keys: who asks compares the texts. Rows of one tag are in ascending order, so the
/// answer never depends on how the index was built.
#[derive(Debug, Default)]
pub struct HashIndex {
    directory: Vec<u32>,
    tags: Vec<u32>,
    rows: Vec<u32>,
    shift: u32,
    /// One bit for each hash that is there, and for one in eight that are not: small enough to stay near, so that most of what is
    /// looked up in vain costs one look and not three.
    seen: Vec<u64>,
}

/// Larger buckets are searched by halves.
const SCANNED_MAX: usize = 16;

impl HashIndex {
    /// Builds from entries given twice in the same order: `each` calls its argument with every (hash, row), rows ascending.
    pub fn build(count_hint: usize, each: impl Fn(&mut dyn FnMut(u64, u32))) -> Self {
        // About two rows a bucket: they lie side by side, and the directory stays small.
        let bits = usize::BITS.saturating_sub(count_hint.max(16).leading_zeros()).saturating_sub(1).min(26);
        let shift = 64_u32.saturating_sub(bits);
        let mut seen = vec![0_u64; 1 << bits.saturating_sub(3).min(22)];
        let buckets = 1_usize << bits;
        let mut directory = vec![0_u32; buckets.saturating_add(1)];
        each(&mut |hash, _| {
            if let Some(slot) = directory.get_mut((hash >> shift) as usize) {
                *slot = slot.saturating_add(1);
            }
        });
        let mut sum = 0_u32;
        for slot in &mut directory {
            let here = *slot;
            *slot = sum;
            sum = sum.saturating_add(here);
        }
        let mut tags = vec![0_u32; sum as usize];
        let mut rows = vec![0_u32; sum as usize];
        each(&mut |hash, row| {
            if let Some(slot) = directory.get_mut((hash >> shift) as usize) {
                let at = *slot as usize;
                *slot = slot.saturating_add(1);
                if let (Some(t), Some(r)) = (tags.get_mut(at), rows.get_mut(at)) {
                    *t = tag(hash);
                    *r = row;
                }
                let (word, bit) = place(hash, seen.len());
                if let Some(word) = seen.get_mut(word) {
                    *word |= bit;
                }
            }
        });
        // Each start has moved to its bucket's end, which is the next bucket's start.
        directory.rotate_right(1);
        if let Some(first) = directory.first_mut() {
            *first = 0;
        }
        let mut sorted: Vec<(u32, u32)> = Vec::new();
        for ends in directory.windows(2) {
            let bucket = ends[0] as usize..ends[1] as usize;
            let (Some(tags), Some(rows)) = (tags.get_mut(bucket.clone()), rows.get_mut(bucket)) else { continue };
            if tags.is_sorted() {
                continue;
            }
            sorted.clear();
            sorted.extend(tags.iter().copied().zip(rows.iter().copied()));
            sorted.sort_unstable();
            for ((t, r), (tag, row)) in tags.iter_mut().zip(rows.iter_mut()).zip(&sorted) {
                (*t, *r) = (*tag, *row);
            }
        }
        Self { directory, tags, rows, shift, seen }
    }

    /// The rows whose hash has this tag and bucket, ascending.
    #[inline]
    pub fn rows(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        self.found(hash).iter().copied()
    }

    /// How many there are.
    #[inline]
    pub fn count(&self, hash: u64) -> usize {
        self.found(hash).len()
    }

    #[inline]
    fn found(&self, hash: u64) -> &[u32] {
        let (word, bit) = place(hash, self.seen.len());
        if self.seen.get(word).is_none_or(|seen| seen & bit == 0) {
            return &[];
        }
        let bucket = (hash >> self.shift) as usize;
        let (from, to) = match self.directory.get(bucket..bucket.saturating_add(2)) {
            Some([from, to]) => (*from as usize, *to as usize),
            _ => (0, 0),
        };
        let wanted = tag(hash);
        let tags = self.tags.get(from..to).unwrap_or_default();
        let (first, last) = if tags.len() <= SCANNED_MAX {
            let first = tags.iter().position(|t| *t >= wanted).unwrap_or(tags.len());
            let same = tags.iter().skip(first).take_while(|t| **t == wanted).count();
            (first, first.saturating_add(same))
        } else {
            (tags.partition_point(|t| *t < wanted), tags.partition_point(|t| *t <= wanted))
        };
        self.rows.get(from.saturating_add(first)..from.saturating_add(last)).unwrap_or_default()
    }
}

/// The word and the bit of a hash among so many words, a power of two.
const fn place(hash: u64, words: usize) -> (usize, u64) {
    ((hash >> 12) as usize & words.wrapping_sub(1), 1 << (hash >> 6 & 63))
}

const fn tag(hash: u64) -> u32 {
    // The lower half; the upper bits chose the bucket.
    (hash & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_row_in_order() {
        let entries: Vec<(u64, u32)> =
            (0..1000_u32).map(|i| (u64::from(i % 300).wrapping_mul(0x9e37_79b9_7f4a_7c15), i)).collect();
        let index = HashIndex::build(entries.len(), |give| entries.iter().for_each(|(h, r)| give(*h, *r)));
        for (hash, _) in &entries {
            let expected: Vec<u32> = entries.iter().filter(|(h, _)| h == hash).map(|(_, r)| *r).collect();
            assert_eq!(index.rows(*hash).collect::<Vec<_>>(), expected);
            assert_eq!(index.count(*hash), expected.len());
        }
        assert_eq!(index.rows(12345).count(), 0);
        assert_eq!(HashIndex::default().rows(1).count(), 0);
    }

    #[test]
    fn a_common_key_is_counted_at_once() {
        let index = HashIndex::build(5000, |give| (0..5000).for_each(|row| give(u64::from(row % 2) << 3, row)));
        assert_eq!((index.count(0), index.count(8), index.count(16)), (2500, 2500, 0));
        assert_eq!(index.rows(8).next(), Some(1));
    }
}
