//! The states of runs and tasks, as the record holds them.

use super::word::words;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunState {
    Draft,
    Scheduled,
    Running,
    Paused,
    WaitingWindow,
    Stopping,
    Stopped,
    Finished,
}

words! { RunState, "a state of a run",
    Draft = "draft",
    Scheduled = "scheduled",
    Running = "running",
    Paused = "paused",
    WaitingWindow = "waiting_window",
    Stopping = "stopping",
    Stopped = "stopped",
    Finished = "finished",
}

impl RunState {
    /// Which steps a person may take from here.
    pub const fn may_become(self, next: Self) -> bool {
        use RunState::*;
        matches!(
            (self, next),
            (Draft | Scheduled | Paused, Running)
                | (Running | WaitingWindow, Paused | Stopped | Finished)
                | (Draft | Scheduled | Paused | Stopping, Stopped)
                | (Running, WaitingWindow)
                | (WaitingWindow, Running)
        )
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskState {
    Pending,
    Due,
    Assigned,
    InProgress,
    WaitingRetry,
    NeedsPerson,
    WaitingRepair,
    Completed,
    Partial,
    Cancelled,
    Expired,
    Uncertain,
}

words! { TaskState, "a state of a task",
    Pending = "pending",
    Due = "due",
    Assigned = "assigned",
    InProgress = "in_progress",
    WaitingRetry = "waiting_retry",
    NeedsPerson = "needs_person",
    WaitingRepair = "waiting_repair",
    Completed = "completed",
    Partial = "partial",
    Cancelled = "cancelled",
    Expired = "expired",
    Uncertain = "uncertain",
}

/// What a follow-up that cannot go on by machine becomes for a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskKind {
    FollowUp,
    RepairTask,
    VerifyPerson,
    PersonCall,
    Callback,
}

words! { TaskKind, "a kind of task",
    FollowUp = "follow_up",
    RepairTask = "repair_task",
    VerifyPerson = "verify_person",
    PersonCall = "person_call",
    Callback = "callback",
}

/// What is known of a number for this patient.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NumberState {
    Unverified,
    Valid,
    Suspect,
    Invalid,
    /// A stranger said 打错了 there.
    Blocked,
}

words! { NumberState, "a state of a number",
    Unverified = "unverified",
    Valid = "valid",
    Suspect = "suspect",
    Invalid = "invalid",
    Blocked = "blocked",
}
