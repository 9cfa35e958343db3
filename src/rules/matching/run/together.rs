//! Payments that want the same items are answered together.

use super::*;

/// Groups payments that want the same items and weighs each group as one.
pub(super) fn answer_together(
    book: &Book,
    policy: &MatchPolicy,
    rest: &[u32],
    close: &mut PackedRuns,
    settled_by: &[u32],
    threads: usize,
) {
    let groups = Groups::of(close, settled_by, book.item_count());
    let is_settled = |item: u32| settled_by[item as usize] != NONE;
    let (alone, together): (Vec<u32>, Vec<u32>) =
        groups.starts.iter().copied().partition(|start| groups.next[*start as usize] == NONE);
    for at in alone {
        if let Some((run, place)) = close.of_mut(at) {
            run.settle_alone(place, |repeats| is_settled(repeats) || book.item(repeats).open == 0);
        }
    }
    let chunk = together.len().div_ceil(threads * 16).max(64);
    let shared = &*close;
    let weighed: Vec<Vec<(u32, Vec<f64>)>> = in_chunks(together.len(), chunk, threads, |range| {
        let mut done = Vec::new();
        let mut members: Vec<u32> = Vec::new();
        for start in &together[range.start as usize..range.end as usize] {
            members.clear();
            members.extend(groups.members(*start));
            members.sort_by(|a, b| {
                let (x, y) = (rest[*a as usize], rest[*b as usize]);
                book.payment(x).booked.cmp(&book.payment(y).booked).then_with(|| book.payment_id(x).cmp(book.payment_id(y)))
            });
            let lists: Vec<Close> = members.iter().map(|m| shared.get(*m)).collect();
            let group: Vec<(u32, &[Hypothesis])> =
                members.iter().zip(&lists).map(|(m, close)| (rest[*m as usize], close.hypotheses.as_slice())).collect();
            let probabilities = joint::probabilities(book, &group, &is_settled, policy.limits.joint_states);
            done.extend(members.iter().copied().zip(probabilities));
        }
        done
    });
    for (member, probabilities) in weighed.into_iter().flatten() {
        if let Some((run, place)) = close.of_mut(member) {
            run.set_shares(place, &probabilities);
        }
    }
}

/// Hypotheses this much below the best of their payment make two payments want the same item.
const COMPETING: f64 = 8.5;

/// Payments by the items they want: members of a group are linked from its first to its last.
struct Groups {
    /// The first member of each group.
    starts: Vec<u32>,
    next: Vec<u32>,
}

impl Groups {
    fn of(close: &PackedRuns, settled_by: &[u32], items: u32) -> Self {
        let count = u32::try_from(close.len()).unwrap_or(NONE);
        let mut parent: Vec<u32> = (0..count).collect();
        let mut holder = vec![NONE; items as usize];
        for at in 0..count {
            let Some((run, place)) = close.of(at) else { continue };
            let is_settled = |item: u32| settled_by[item as usize] != NONE;
            run.wanted(place, COMPETING, is_settled, |item| {
                let other = &mut holder[item as usize];
                if *other == NONE {
                    *other = at;
                }
                let (a, b) = (root(&mut parent, at), root(&mut parent, *other));
                if a != b {
                    parent[a.max(b) as usize] = a.min(b);
                }
            });
        }
        drop(holder);
        let mut starts = Vec::new();
        let mut last: Vec<u32> = vec![NONE; close.len()];
        let mut next = vec![NONE; close.len()];
        for at in 0..count {
            let root = root(&mut parent, at) as usize;
            if last[root] == NONE {
                starts.push(at);
            } else {
                next[last[root] as usize] = at;
            }
            last[root] = at;
        }
        Self { starts, next }
    }

    fn members(&self, start: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(start), |at| Some(self.next[*at as usize]).filter(|next| *next != NONE))
    }
}

fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        parent[at as usize] = parent[parent[at as usize] as usize];
        at = parent[at as usize];
    }
    at
}
