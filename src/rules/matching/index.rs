//! A compact read-only index from 64-bit hashes to row numbers.

/// Rows by hash: a directory over the upper bits, then rows with the lower bits as a tag. Eight bytes a row and four a bucket.
///
/// A tag may, rarely, agree for two different keys: who asks compares the texts. Rows of a bucket are in ascending order, so the
/// answer never depends on how the index was built.
#[derive(Debug, Default)]
pub struct HashIndex {
    directory: Vec<u32>,
    tags: Vec<u32>,
    rows: Vec<u32>,
    shift: u32,
}

impl HashIndex {
    /// Builds from entries given twice in the same order: `each` calls its argument with every (hash, row), rows ascending.
    pub fn build(count_hint: usize, each: impl Fn(&mut dyn FnMut(u64, u32))) -> Self {
        let bits = usize::BITS.saturating_sub(count_hint.max(16).leading_zeros()).min(26);
        let shift = 64_u32.saturating_sub(bits);
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
            }
        });
        // Each start has moved to its bucket's end, which is the next bucket's start.
        directory.rotate_right(1);
        if let Some(first) = directory.first_mut() {
            *first = 0;
        }
        Self { directory, tags, rows, shift }
    }

    /// The rows whose hash has this tag and bucket, ascending.
    #[inline]
    pub fn rows(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let bucket = (hash >> self.shift) as usize;
        let (from, to) = match self.directory.get(bucket..bucket.saturating_add(2)) {
            Some([from, to]) => (*from as usize, *to as usize),
            _ => (0, 0),
        };
        let wanted = tag(hash);
        let tags = self.tags.get(from..to).unwrap_or_default();
        let rows = self.rows.get(from..to).unwrap_or_default();
        tags.iter().zip(rows).filter_map(move |(t, r)| (*t == wanted).then_some(*r))
    }
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
        }
        assert_eq!(index.rows(12345).count(), 0);
        assert_eq!(HashIndex::default().rows(1).count(), 0);
    }
}
