use std::panic::resume_unwind;
use std::thread;

/// What both functions make; where it pays for the start of a thread, at the same time.
pub(crate) fn both<A, B: Send>(
    pays: bool,
    first: impl FnOnce() -> A,
    second: impl Fn() -> B + Sync,
) -> (A, B) {
    if !pays {
        return (first(), second());
    }
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, &second);
        let first = first();
        let second = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // A thread that cannot be had is no failure.
            Err(_) => second(),
        };
        (first, second)
    })
}
