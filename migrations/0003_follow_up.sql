-- The follow-up engine: where people lie, what is planned for them, who does it, what came
-- of it, and why anything was or was not done.

-- Places -----------------------------------------------------------------------------

create table campus (
    campus_id uuid primary key,
    name text not null constraint campus_name_unique unique,
    created_at timestamptz not null
);

create table ward (
    ward_id uuid primary key,
    campus_id uuid references campus,
    name text not null constraint ward_name_unique unique,
    created_at timestamptz not null
);

-- One ward holds beds of several departments, one department lies in several wards.
create table department_ward (
    department_id uuid not null references department,
    ward_id uuid not null references ward,
    primary key (department_id, ward_id)
);

alter table department
    add campus_id uuid references campus,
    -- The pilot's switch: a department that is off has no tasks and no calls.
    add follows_up boolean not null default true,
    add responsible text,
    add target_percent numeric not null default 90
        constraint department_target_is_percent check (target_percent between 0 and 100);

alter table admission
    add ward_id uuid references ward,
    add follow_up_no text,
    add attending text,
    add responsible_nurse text,
    add bed text,
    -- A11, A13: the hospital took it back.
    add cancelled_at timestamptz,
    -- The version of the plan rules that has looked at it: each looks once.
    add assessed_rules integer not null default 0,
    add updated_at timestamptz,
    -- Not yet discharged: an A01 without its A03.
    alter column discharged_on drop not null;

insert into ward (ward_id, name, created_at)
    select gen_random_uuid(), w.ward, min(w.created_at)
    from admission w where w.ward is not null and w.ward <> '' group by w.ward;
update admission a set ward_id = w.ward_id from ward w where w.name = a.ward;

-- Only our own relations of a person: what the hospital says of them stands in person.
alter table person
    add work_address text,
    add home_address text,
    add lives_out_of_town boolean,
    -- Chooses channel, respondent and who calls.
    add communication_mark text constraint person_communication_known check
        (communication_mark in ('no_speech', 'hard_of_hearing', 'cognitive', 'language')),
    add patient_only boolean not null default false,
    -- Another person's row that this one was merged into (A40).
    add merged_into uuid references person;
create index person_name on person (name text_pattern_ops);

-- What a name may be typed as: full readings and initials, polyphonic ones each.
create table person_sound (
    person_id uuid not null references person on delete cascade,
    sound text not null,
    primary key (person_id, sound)
);
create index person_sound_sound on person_sound (sound text_pattern_ops);

create table operation (
    admission_id uuid not null references admission on delete cascade,
    position smallint not null,
    -- ICD-9-CM-3
    code text,
    name text,
    performed_on date,
    operator text,
    new_technique boolean not null default false,
    primary key (admission_id, position)
);

create table disease (
    icd text primary key,
    name text not null,
    initials text not null default ''
);

-- What was known of a person or a number before it changed: old value, who, when.
create table change_history (
    change_id bigint generated always as identity primary key,
    at timestamptz not null,
    by_whom text not null,
    person_id uuid not null references person,
    what text not null,
    old_value text,
    new_value text,
    reason text
);
create index change_history_person on change_history (person_id, at);

-- Plans --------------------------------------------------------------------------------

create table plan_template (
    code text not null constraint plan_template_code check (code ~ '^[a-z0-9_]{1,40}$'),
    version integer not null constraint plan_template_version_positive check (version > 0),
    name text not null,
    department_id uuid references department,
    kind text not null constraint plan_template_kind_known
        check (kind in ('routine', 'specialty', 'disease')),
    body jsonb not null,
    is_current boolean not null,
    created_at timestamptz not null,
    created_by text not null,
    primary key (code, version)
);
create unique index plan_template_one_current on plan_template (code) where is_current;

create table plan_rules (
    version integer primary key,
    body jsonb not null,
    created_at timestamptz not null,
    created_by text not null
);

create table plan (
    plan_id uuid primary key,
    person_id uuid not null references person,
    admission_id uuid references admission,
    department_id uuid references department,
    template text not null,
    template_version integer not null,
    kind text not null constraint plan_kind_known check (kind in ('routine', 'specialty', 'disease')),
    -- This patient's own copy: a change here moves nobody else.
    body jsonb not null,
    anchor_on date not null,
    reason text not null,
    chosen_by text not null,
    state text not null constraint plan_state_known check (state in ('active', 'ended')),
    end_reason text constraint plan_end_known check (end_reason in ('finished', 'died', 'lost',
        'refused', 'readmitted', 'discharge_cancelled', 'replaced', 'stopped')),
    ended_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (template, template_version) references plan_template (code, version),
    constraint plan_end_has_reason check ((state = 'ended') = (end_reason is not null))
);
create unique index plan_once on plan (admission_id, template) where state = 'active';
create index plan_person on plan (person_id);
create index plan_active on plan (plan_id) where state = 'active';

create table plan_change (
    plan_id uuid not null references plan,
    at timestamptz not null,
    by_whom text not null,
    reason text not null constraint plan_change_has_reason check (reason <> ''),
    before jsonb not null,
    after jsonb not null,
    primary key (plan_id, at)
);

alter table task
    add plan_id uuid references plan,
    -- 随访次数: 0 for the first.
    add sequence integer,
    add scheduled_on date,
    -- The 14-day rule: done by the end of this day, or overdue on the next.
    add deadline_on date,
    add type text not null default 'routine'
        constraint task_type_known check (type in ('routine', 'specialty', 'disease', 'notice')),
    add level smallint not null default 1 constraint task_level_known check (level in (1, 2, 3)),
    add channel text not null default 'ivr' constraint task_channel_known check (channel in ('ivr',
        'agent', 'manual_phone', 'clinic', 'home_visit', 'sms', 'email', 'letter', 'web', 'wechat')),
    add dialplan text,
    add priority integer not null default 0,
    add owner_group text constraint task_owner_group_known
        check (owner_group in ('centre_nurse', 'ward_nurse', 'ward_doctor')),
    add assigned_to text,
    add assigned_at timestamptz,
    add done_on date,
    add done_channel text,
    add done_by text,
    add respondent text constraint task_respondent_known check (respondent in
        ('self', 'informed_relative', 'guardian', 'uninformed_relative', 'stranger')),
    -- What kind of proof there is: recording, call_record, in_person, typed.
    add evidence text constraint task_evidence_known
        check (evidence in ('recording', 'call_record', 'in_person', 'typed')),
    add late_entry boolean not null default false,
    -- A promised time, rather than a part of a day.
    add promised_at timestamptz;
alter table task drop constraint task_once_per_run;
create unique index task_once_per_run on task (run_id, admission_id, kind)
    where plan_id is null and parent_task is null;
create unique index task_once_per_parent on task (parent_task, kind) where parent_task is not null;
create unique index task_once_per_step on task (plan_id, sequence) where plan_id is not null;
create index task_plan_open on task (scheduled_on) where plan_id is not null and state = 'pending';
create index task_admission on task (admission_id);
create index task_assigned on task (assigned_to, due_at) where assigned_to is not null;
create index task_open_by_department on task (department_id, due_at)
    where state not in ('completed', 'partial', 'cancelled', 'expired');

-- A run that goes on for ever: it takes each task of its dialplan on the day it is due.
alter table run add is_standing boolean not null default false;
create unique index run_one_standing on run (dialplan)
    where is_standing and state not in ('stopped', 'finished');

-- Why a task was or was not dialled, each time something was decided.
create table decision (
    decision_id bigint generated always as identity primary key,
    at timestamptz not null,
    task_id uuid not null references task,
    person_id uuid not null references person,
    what text not null constraint decision_what_known
        check (what in ('dialled', 'put_off', 'ended', 'repair', 'handed_over', 'generated', 'closed')),
    why text not null,
    until timestamptz,
    facts jsonb not null default '{}'
);
create index decision_person on decision (person_id, at);
create index decision_task on decision (task_id, at);

create table reminder (
    reminder_id uuid primary key,
    kind text not null constraint reminder_kind_known
        check (kind in ('day_12', 'overdue', 'due_soon', 'callback', 'calendar_missing')),
    task_id uuid references task,
    department_id uuid references department,
    at timestamptz not null,
    dismissed_at timestamptz,
    dismissed_by text,
    constraint reminder_once unique nulls not distinct (task_id, kind)
);

-- People who work here -------------------------------------------------------------------

create table role (
    code text primary key,
    name text not null
);

create table role_module (
    role text not null references role,
    module text not null,
    primary key (role, module)
);

alter table account
    add staff_no text constraint account_staff_no_unique unique,
    add mobile text,
    add default_series text,
    add capacity integer not null default 0 constraint account_capacity_positive check (capacity >= 0),
    add absent_from date,
    add absent_to date,
    add task_types text[] not null default '{routine,specialty,disease}',
    add owner_group text,
    drop constraint account_role_known;

create table roster (
    roster_id uuid primary key,
    -- Absent: the whole hospital's 总值班.
    ward_id uuid references ward,
    department_id uuid references department,
    day date not null,
    shift text not null constraint roster_shift_known check (shift in ('day', 'evening', 'night')),
    -- 1 is rung first: duty nurse, head nurse, 总值班.
    rank smallint not null default 1,
    staff_no text not null,
    phone text not null,
    created_at timestamptz not null,
    created_by text not null,
    constraint roster_once unique nulls not distinct (ward_id, department_id, day, shift, rank)
);

-- Alerts to their end -------------------------------------------------------------------

alter table alert
    add owner_staff_no text,
    add owner_name text,
    add acknowledged_at timestamptz,
    add acknowledged_by text,
    add escalations integer not null default 0,
    add next_escalation_at timestamptz,
    add action text,
    add outcome text,
    add closed_at timestamptz,
    add closed_by text,
    add questionnaire text,
    add item_text text,
    add advice text,
    add constraint alert_closed_has_outcome check (state <> 'closed' or outcome is not null);
create index alert_open on alert (next_escalation_at) where state in ('raised', 'escalated');

create table alert_step (
    step_id bigint generated always as identity primary key,
    alert_id uuid not null references alert,
    at timestamptz not null,
    by_whom text not null,
    did text not null,
    note text
);
create index alert_step_alert on alert_step (alert_id, step_id);

-- What a doctor says, and what was put right ----------------------------------------------

create table opinion (
    opinion_id uuid primary key,
    task_id uuid not null references task,
    person_id uuid not null references person,
    department_id uuid references department,
    proposed text not null,
    because text not null,
    rules_version text not null,
    proposed_at timestamptz not null,
    confirmed text,
    confirmed_by text,
    confirmed_at timestamptz,
    note text,
    constraint opinion_one_per_task unique (task_id)
);
create index opinion_open on opinion (department_id, proposed_at) where confirmed_at is null;

create table amendment (
    amendment_id uuid primary key,
    answer_id uuid not null references answer,
    department_id uuid references department,
    old_value jsonb not null,
    new_value jsonb not null,
    reason text not null constraint amendment_has_reason check (reason <> ''),
    by_whom text not null,
    at timestamptz not null
);
create index amendment_answer on amendment (answer_id, at);

-- A follow-up by a person has no call of ours: its answers hang on the task.
alter table answer alter column call_id drop not null;
alter table answer add channel text, add sequence integer;
create unique index answer_once_per_task on answer (task_id, questionnaire, link_id)
    where call_id is null;

-- Samples: level 2 draws patients, level 3 draws follow-ups that departments did.
create table sample (
    sample_id uuid primary key,
    level smallint not null constraint sample_level_known check (level in (2, 3)),
    department_id uuid references department,
    questionnaire text not null,
    share_percent numeric not null constraint sample_share_known
        check (share_percent > 0 and share_percent <= 100),
    seed bigint not null,
    period_from date not null,
    period_to date not null,
    drawn_by text not null,
    drawn_at timestamptz not null,
    population integer not null
);

create table sample_item (
    sample_id uuid not null references sample,
    task_id uuid not null references task,
    position integer not null,
    check_task uuid references task,
    primary key (sample_id, task_id)
);

-- Follow-ups that were done before us: history, never evidence of our calls.
create table past_follow_up (
    past_id uuid primary key,
    person_id uuid not null references person,
    admission_id uuid references admission,
    done_on date not null,
    channel text,
    result text,
    by_whom text,
    source text not null,
    imported_at timestamptz not null
);
create index past_follow_up_person on past_follow_up (person_id, done_on);

-- From the hospital's systems --------------------------------------------------------------

-- A message that was taken, once; and one that was not, kept for repair.
create table hospital_message (
    message_id uuid primary key,
    sender text not null,
    control_id text not null,
    kind text not null,
    received_at timestamptz not null,
    state text not null constraint hospital_message_state_known
        check (state in ('accepted', 'rejected', 'repaired')),
    fault text,
    bytes bytea not null,
    repaired_by text,
    repaired_at timestamptz,
    constraint hospital_message_once unique (sender, control_id)
);
create index hospital_message_received on hospital_message (received_at desc);

create table interface_run (
    interface_run_id uuid primary key,
    interface text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    state text not null constraint interface_run_state_known
        check (state in ('running', 'finished', 'failed')),
    rows_read integer not null default 0,
    rows_stored integer not null default 0,
    rows_bad integer not null default 0,
    why text
);
create index interface_run_last on interface_run (interface, started_at desc);

create table column_mapping (
    name text primary key,
    body jsonb not null,
    updated_at timestamptz not null,
    updated_by text not null
);

-- Discharges by the records office's own count, to be reconciled.
create table discharge_figure (
    department_id uuid not null references department,
    month date not null,
    discharges integer not null,
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (department_id, month)
);

-- Rows by department ------------------------------------------------------------------------

do $$
declare noun text;
begin
    foreach noun in array array['plan', 'opinion', 'amendment', 'sample', 'reminder']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_department on %I using (in_scope(department_id))
            with check (in_scope(department_id))', noun);
    end loop;
    foreach noun in array array['change_history', 'decision', 'past_follow_up', 'person_sound']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_person on %I using (
            current_setting(''suifang.departments'', true) = ''*''
            or exists (select from admission a where a.person_id = %I.person_id))', noun, noun);
    end loop;
    foreach noun in array array['operation', 'diagnosis']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_admission on %I using (
            current_setting(''suifang.departments'', true) = ''*''
            or exists (select from admission a where a.admission_id = %I.admission_id))', noun, noun);
    end loop;
    alter table plan_change enable row level security;
    alter table plan_change force row level security;
    create policy by_plan on plan_change using (
        current_setting('suifang.departments', true) = '*'
        or exists (select from plan p where p.plan_id = plan_change.plan_id));
    alter table alert_step enable row level security;
    alter table alert_step force row level security;
    create policy by_alert on alert_step using (
        current_setting('suifang.departments', true) = '*'
        or exists (select from alert a where a.alert_id = alert_step.alert_id));
    alter table sample_item enable row level security;
    alter table sample_item force row level security;
    create policy by_sample on sample_item using (
        current_setting('suifang.departments', true) = '*'
        or exists (select from sample s where s.sample_id = sample_item.sample_id));
end $$;

grant select, insert, update, delete on all tables in schema public to suifang_app;
grant usage, select on all sequences in schema public to suifang_app;
revoke update, delete on audit, amendment, change_history, plan_change, alert_step, decision
    from suifang_app;
grant update (sealed_hash) on audit to suifang_app;
revoke delete on answer, attempt, recording, consent, plan, opinion, alert from suifang_app;
