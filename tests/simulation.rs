//! A seeded simulation of a desk: random imports, repeats, overlaps, runs, decisions, undos, and crashes between any two
//! steps. After every step the invariants hold; at the end nothing was lost, the log verifies and every decision replays.
//!
//! A failure prints its seed; put it into `SEEDS` and run `cargo test --test simulation` to see it again.

mod simulation_desk;

use std::panic::AssertUnwindSafe;

use simulation_desk::Desk;

/// Seeds of every run of the tests. A seed that once failed stays here.
const SEEDS: std::ops::Range<u64> = 1..13;
const STEPS: usize = 40;

#[test]
fn whatever_happens_the_books_are_right() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for seed in SEEDS {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let mut desk = Desk::open(seed).await;
                for _ in 0..STEPS {
                    desk.step().await;
                    desk.check().await;
                }
                desk.settle_down().await;
            });
        }));
        if let Err(cause) = outcome {
            let words = cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string));
            panic!("seed {seed}: {}", words.unwrap_or_default());
        }
    }
}
