//! Groups of so few dossiers that they point at a person: what the public doesn't see of statistics.
//!
//! A group below the least size is withheld. One alone could be worked out from the total and the other groups, so
//! the next smallest go with it until at least two are withheld that together reach the least size.

/// Which of the groups are withheld, by how many dossiers each has; a group of none tells nothing and stays.
pub fn withheld(sizes: &[i64], least: i64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..sizes.len()).filter(|i| sizes.get(*i).is_some_and(|n| *n > 0)).collect();
    order.sort_by_key(|i| sizes.get(*i).copied());
    let mut hidden = vec![false; sizes.len()];
    let (mut count, mut together) = (0, 0);
    for i in order {
        let size = sizes.get(i).copied().unwrap_or_default();
        let guards = count > 0 && (count < 2 || together < least);
        if size >= least && !guards {
            break;
        }
        if let Some(place) = hidden.get_mut(i) {
            *place = true;
        }
        count += 1;
        together += size;
    }
    hidden
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_group_takes_the_next_with_it() {
        assert_eq!(withheld(&[100, 1, 40], 5), [false, true, true]);
        assert_eq!(withheld(&[100, 1, 2, 40], 5), [false, true, true, true]);
        assert_eq!(withheld(&[100, 4, 3, 40], 5), [false, true, true, false]);
        assert_eq!(withheld(&[100, 40, 0], 5), [false, false, false]);
        assert_eq!(withheld(&[3], 5), [true]);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_large_and_what_is_withheld_cant_be_told_apart(
            sizes in proptest::collection::vec(prop_oneof![0..4_i64, 0..40_i64], 0..12), least in 2..20_i64,
        ) {
            let hidden = withheld(&sizes, least);
            let of = |which: bool| -> Vec<i64> {
                sizes.iter().zip(&hidden).filter(|(_, h)| **h == which).map(|(n, _)| *n).collect()
            };
            prop_assert!(of(false).iter().all(|n| *n == 0 || *n >= least));
            let (gone, shown) = (of(true), of(false));
            if !gone.is_empty() && shown.iter().any(|n| *n > 0) {
                prop_assert!(gone.len() >= 2 && gone.iter().sum::<i64>() >= least);
            }
            if sizes.iter().all(|n| *n == 0 || *n >= least) {
                prop_assert!(gone.is_empty());
            }
        }
    }
}
