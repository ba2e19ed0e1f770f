//! Chiso keeps dossiers, index scores and commendations of Vietnamese local government and computes
//! statistics, rankings and deltas from them.
//!
//! Arrows point one way: `http -> service -> store`, and all three know `domain`.
//!
//! | layer | owns | never |
//! |---|---|---|
//! | [`domain`] | types that cannot be wrong, the rules of one record, exact decimals | HTTP, SQL, a clock |
//! | [`store`] | diesel, pools, migrations, both databases | HTTP, rules of the field |

pub mod domain;
pub mod store;
pub mod service;
