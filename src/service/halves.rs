//! Work on many units at once: on two threads where it is worth it.

/// Units whose work is worth a second thread.
pub const MANY: usize = 1000;

/// What two pieces of work give, done at the same time.
pub fn both<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        match first.join() {
            Ok(first) => (first, second),
            // As if it had happened here.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// What `work` gives for each of `items` and its place, in their order.
pub fn mapped<T: Sync, R: Send>(items: &[T], work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let of = |from: usize, items: &[T]| -> Vec<R> {
        items.iter().enumerate().map(|(place, item)| work(from + place, item)).collect()
    };
    if items.len() < MANY {
        return of(0, items);
    }
    let (first, second) = items.split_at(items.len() / 2);
    let (mut all, rest) = both(|| of(0, first), || of(first.len(), second));
    all.extend(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays_whether_on_one_thread_or_two() {
        for length in [0, 1, MANY - 1, MANY, 2 * MANY + 1] {
            let items: Vec<usize> = (0..length).map(|n| n * 3).collect();
            let told = mapped(&items, |place, item| (place, *item));
            assert!(told.iter().enumerate().all(|(i, told)| *told == (i, i * 3)), "{length}");
            assert_eq!(told.len(), length);
        }
    }

    #[test]
    fn a_panic_on_the_other_thread_is_one_here() {
        let items = vec![0_usize; MANY];
        let told = std::panic::catch_unwind(|| {
            mapped(&items, |place, _| items.iter().take(place).map(|n| 1 / n).sum::<usize>())
        });
        assert!(told.is_err());
    }
}
