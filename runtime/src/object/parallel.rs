//! Work of several threads at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Result;

/// Runs `work` on all items by `threads` threads, the calling one among them. After a failure no new item is begun:
/// those have no result. Items are begun in order, so the first failure in order always has its result.
pub(super) fn in_parallel<I: Copy + Sync, T: Send>(
    items: &[I],
    threads: usize,
    work: impl Fn(I) -> Result<T> + Sync,
) -> Vec<Option<Result<T>>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Vec<Mutex<Option<Result<T>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(&item), Some(place)) = (items.get(at), results.get(at)) else { break };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // A thread that cannot be had is no failure: the others do its work.
            let _ = thread::Builder::new().name("bpf-verify".into()).spawn_scoped(scope, run);
        }
        run();
    });
    results
        .into_iter()
        .map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn every_item_is_worked_on_once_and_in_its_place() {
        for threads in [1, 2, 8] {
            let items: Vec<u32> = (0..100).collect();
            let results = in_parallel(&items, threads, |item| Ok(item * 2));
            let doubled: Vec<u32> = results
                .into_iter()
                .map(|result| result.expect("begun").expect("no failure"))
                .collect();
            assert_eq!(doubled, (0..200).step_by(2).collect::<Vec<_>>(), "{threads} threads");
        }
    }

    #[test]
    fn the_first_failure_in_order_is_always_there() {
        for threads in [1, 4] {
            let items: Vec<u32> = (0..100).collect();
            let results = in_parallel(&items, threads, |item| match item {
                5 | 6 => Err(Error::invalid_input(item.to_string())),
                _ => Ok(()),
            });
            let first = results.iter().flatten().find_map(|result| result.as_ref().err());
            assert_eq!(first.map(Error::message), Some("5"), "{threads} threads");
            assert!(results[99].is_none(), "nothing new is begun after a failure");
        }
    }
}
