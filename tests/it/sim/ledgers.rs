//! The year's simulator keeps its record in memory, the server in Postgres: the same events
//! must leave both the same, to the second and to the dial.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use suifang::{engine::load_library, ivr::Library};

use super::pair::Pair;
use crate::support::{hospital::empty_record, manifest};

/// Twenty hospitals of eight people each, two at a time.
#[tokio::test(flavor = "multi_thread")]
async fn the_simulators_ledger_and_the_servers_decide_the_same() {
    let library = load_library(&manifest().join("dialplans")).unwrap();
    empty_record(TEMPLATE).await.database().close().await;
    let mut seen = BTreeMap::<String, u64>::new();
    for seeds in SEEDS.collect::<Vec<_>>().chunks(AT_ONCE) {
        let both = join_all(seeds.iter().map(|seed| one(*seed, &library))).await;
        for one in both {
            for (what, count) in one.unwrap_or_else(|difference| panic!("{difference}")) {
                *seen.entry(what).or_default() += count;
            }
        }
    }
    println!("{seen:?}");
    for what in MUST_COME_UP {
        assert!(seen.contains_key(*what), "no {what} in all of them: {seen:?}");
    }
}

async fn one(seed: u64, library: &Arc<Library>) -> Result<BTreeMap<String, u64>, String> {
    let mut pair = Pair::open(seed, TEMPLATE, library).await;
    for _ in 0..EVENTS {
        pair.step().await?;
    }
    pair.close().await?;
    Ok(pair.seen)
}

/// A comparison of what never happens says nothing.
const MUST_COME_UP: &[&str] = &[
    "completed",
    "partial",
    "break_off",
    "refused",
    "declined",
    "wrong_number",
    "wrong_person",
    "postponed",
    "answered_no_keys",
    "identity_not_confirmed",
    "no_answer",
    "busy",
    "unreachable",
    "not_in_service",
    "trunk_fault",
    "unable",
    "system_fault",
    "is cancelled",
    "is partial",
    "is needs_person",
    "is waiting_repair",
    "is waiting_retry",
];

const TEMPLATE: &str = "ledgers";
const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
const EVENTS: usize = 200;
const AT_ONCE: usize = 2;
