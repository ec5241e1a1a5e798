-- An alert's way to its end: what is due next, and who was rung for it.

alter table alert
    -- What the rule says to do, in the words that a doctor has signed, stands in `advice`.
    add owner_rank smallint,
    -- The duty phone rings then, unless somebody acknowledges before; absent: nothing rings.
    add next_ring_at timestamptz,
    -- The rank that was rung last; 0: none yet.
    add ring_rank smallint not null default 0,
    -- Why nobody could be found: stays until somebody acknowledges.
    add alarm text constraint alert_alarm_known
        check (alarm in ('nobody_on_duty', 'nobody_answered', 'number_not_allowed')),
    add alarmed_at timestamptz,
    add constraint alert_outcome_not_blank check (outcome is null or outcome <> '');
-- Of those that were raised before there was a loop.
update alert set next_escalation_at = due_at where state in ('raised', 'escalated');
drop index alert_open;
create index alert_escalation on alert (next_escalation_at) where state <> 'closed';
create index alert_ring on alert (next_ring_at) where next_ring_at is not null;
create index alert_list on alert ((state = 'closed'), due_at);

-- One ringing of a duty phone. Written before the INVITE, so that a crash shows.
create table duty_call (
    duty_call_id uuid primary key,
    alert_id uuid not null references alert,
    department_id uuid references department,
    rank smallint not null,
    staff_no text not null,
    phone text not null,
    owner_node text not null,
    owner_epoch bigint not null,
    call_id uuid references call,
    began_at timestamptz not null,
    ended_at timestamptz,
    outcome text constraint duty_call_outcome_known check (outcome in ('acknowledged', 'no_answer',
        'not_confirmed', 'wrong_staff_no', 'not_called', 'interrupted')),
    constraint duty_call_end_has_outcome check ((ended_at is null) = (outcome is null))
);
-- Never two for one alert at once, whatever crashes.
create unique index duty_call_one_open on duty_call (alert_id) where ended_at is null;
create index duty_call_alert on duty_call (alert_id, began_at);

alter table duty_call enable row level security;
alter table duty_call force row level security;
create policy by_department on duty_call using (in_scope(department_id))
    with check (in_scope(department_id));
grant select, insert, update on duty_call to suifang_app;

alter table account
    -- It is keyed on a telephone.
    add constraint account_staff_no_is_digits check (staff_no ~ '^[0-9]{1,12}$');
alter table roster
    add constraint roster_staff_no_is_digits check (staff_no ~ '^[0-9]{1,12}$'),
    add constraint roster_rank_known check (rank between 1 and 9);
create index roster_day on roster (day);
