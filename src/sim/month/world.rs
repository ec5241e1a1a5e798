//! The month event by event: discharges, deaths, readmissions, wards that find numbers, nurses
//! who go on where the machine stopped. The dialler, the calls and the record are the server's.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::time;

use super::{MonthError, town::Town};
use crate::{
    base::RunId,
    engine::{Clock as _, Core, Hold, PacedClock, sleep},
    sim::{Carrier, year::local},
};

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Event {
    Day(NaiveDate),
    Died(usize),
    Readmitted(usize),
    /// The wards are asked for numbers.
    Wards,
    /// A ward has found one.
    Found(usize),
    Nurses,
}

pub(super) struct World {
    pub(super) town: Arc<Town>,
    pub(super) core: Arc<Core>,
    pub(super) clock: PacedClock,
    pub(super) carrier: Carrier,
    pub(super) seed: u64,
    pub(super) runs: Vec<RunId>,
    /// Discharges come until then.
    pub(super) last: NaiveDate,
    /// Calls that nurses made on their own telephones, and those that came to a follow-up.
    pub(super) by_hand: u64,
    pub(super) done_by_hand: u64,
    pub(super) jumps: u64,
    events: BinaryHeap<Reverse<(DateTime<Utc>, u64, Event)>>,
    sequence: u64,
}

impl World {
    pub(super) fn new(
        town: Arc<Town>,
        core: Arc<Core>,
        clock: PacedClock,
        carrier: Carrier,
        seed: u64,
        (first, days): (NaiveDate, u64),
    ) -> Self {
        let last = first + Days::new(days);
        let mut world = Self {
            town,
            core,
            clock,
            carrier,
            seed,
            runs: Vec::new(),
            last,
            by_hand: 0,
            done_by_hand: 0,
            jumps: 0,
            events: BinaryHeap::new(),
            sequence: 0,
        };
        for day in first.iter_days().take_while(|day| *day < last) {
            let at = |(hour, minute)| local(&world.town.calendar, day, hour, minute);
            let (night, wards, nurses) = (at(MIDNIGHT), at(WARDS_AT), NURSES_AT.map(at));
            world.put(night, Event::Day(day));
            world.put(wards, Event::Wards);
            for at in nurses {
                world.put(at, Event::Nurses);
            }
        }
        world
    }

    pub(super) fn put(&mut self, at: DateTime<Utc>, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event)));
    }

    /// To the end of the last day. The clock is ours but for the calls.
    pub(super) async fn run(&mut self) -> Result<(), MonthError> {
        let until = local(&self.town.calendar, self.last, 0, 0);
        let mut own = self.clock.hold();
        let mut idle = Idle::default();
        while self.clock.wall() < until || !self.is_quiet() {
            let next = self.events.peek().map_or(DateTime::<Utc>::MAX_UTC, |Reverse((at, ..))| *at);
            if next <= self.clock.wall()
                && let Some(Reverse((_, _, event))) = self.events.pop()
            {
                self.happen(event).await?;
                continue;
            }
            if !self.is_quiet() {
                drop(own);
                self.let_calls_go_on(next).await?;
                own = self.clock.hold();
                continue;
            }
            self.go_on(&own, next.min(until), &mut idle).await?;
        }
        Ok(())
    }

    /// Nobody is on the line: to the next moment at which something can happen.
    async fn go_on(
        &mut self,
        own: &Hold,
        next: DateTime<Utc>,
        idle: &mut Idle,
    ) -> Result<(), MonthError> {
        let outlook = self.outlook().await?;
        let now = self.clock.wall();
        // What the dialler has just left where it is may wait for the trunk's pace.
        let from = if idle.has_seen(outlook) { now + A_LOOK } else { now };
        let due = outlook.1.map(|due| due.max(from));
        let dialled = due.and_then(|due| self.town.calendar.next_open(due, None));
        let goal = dialled.map_or(next, |at| at.min(next)).max(now);
        if !self.clock.jump(own, goal, || self.is_quiet()) {
            time::sleep(A_MOMENT).await;
            return Ok(());
        }
        self.jumps += u64::from(goal > now);
        if dialled == Some(goal) {
            self.dialler_looks().await?;
            idle.saw(outlook).map_err(|()| self.stuck())?;
        }
        Ok(())
    }

    /// Open follow-ups of all runs, and when the next may be looked at.
    async fn outlook(&self) -> Result<Outlook, MonthError> {
        let (mut open, mut due) = (0, None::<DateTime<Utc>>);
        for run in &self.runs {
            let (count, next) = self.core.app.run_outlook(*run).await?;
            open += count;
            due = [due, next].into_iter().flatten().min();
        }
        Ok((open, due))
    }

    /// The dialler has looked at all runs as they are now.
    async fn dialler_looks(&self) -> Result<(), MonthError> {
        let mut looks = self.core.ticks.looks();
        let seen = *looks.borrow();
        self.core.look_again();
        let looked = time::timeout(PATIENCE, looks.wait_for(|looks| *looks > seen)).await;
        if matches!(looked, Ok(Ok(_))) { Ok(()) } else { Err(self.stuck()) }
    }

    /// Until nobody is on the line any more, or something else is to happen.
    async fn let_calls_go_on(&self, next: DateTime<Utc>) -> Result<(), MonthError> {
        while !self.is_quiet() && self.clock.wall() < next {
            let slept = time::timeout(PATIENCE, sleep(&self.clock, A_LOOK)).await;
            slept.map_err(|_| self.stuck())?;
        }
        Ok(())
    }

    pub(super) fn is_quiet(&self) -> bool {
        let ours = self.core.media.metrics().legs.load(Ordering::Relaxed);
        self.core.live.count() == 0 && ours == 0 && self.carrier.legs() == 0
    }

    fn stuck(&self) -> MonthError {
        let why: Vec<_> = self.runs.iter().filter_map(|run| self.core.why_idle(*run)).collect();
        MonthError::Stuck {
            at: self.clock.wall(),
            what: format!(
                "{} calls live, {} hold the clock, the dialler says {why:?}",
                self.core.live.count(),
                self.clock.holds()
            ),
        }
    }
}

/// Open follow-ups, and when the next may be looked at.
type Outlook = (i64, Option<DateTime<Utc>>);

/// The dialler looks, and nothing changes: that must not go on for ever.
#[derive(Default)]
struct Idle {
    seen: Option<Outlook>,
    times: u32,
}

impl Idle {
    fn has_seen(&self, outlook: Outlook) -> bool {
        self.seen == Some(outlook)
    }

    fn saw(&mut self, outlook: Outlook) -> Result<(), ()> {
        self.times = if self.has_seen(outlook) { self.times + 1 } else { 0 };
        self.seen = Some(outlook);
        if self.times < LOOKS_MAX { Ok(()) } else { Err(()) }
    }
}

/// The plans are turned with the new day.
const MIDNIGHT: (u32, u32) = (0, 5);
const WARDS_AT: (u32, u32) = (8, 0);

/// Three rounds a day, inside the calling windows, one in each part of the day.
const NURSES_AT: [(u32, u32); 3] = [(9, 30), (15, 0), (18, 30)];

/// Of the clock's time.
const A_LOOK: Duration = Duration::from_millis(100);

/// Of the machine's: the dialler is just looking, or a call closes its files.
const A_MOMENT: Duration = Duration::from_millis(1);

/// Of the machine's: longer than any commit or start of a call, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(180);

/// A tenth of a second each: no pace is that slow, and each look puts something off.
const LOOKS_MAX: u32 = 1000;
