-- Who may see a row: `suifang.departments` is set for each transaction by store::Scope,
-- '*' for the whole hospital, otherwise a list of department ids. Unset: nothing is seen.
create function in_scope(department uuid) returns boolean language sql stable as $$
    select case current_setting('suifang.departments', true)
        when '*' then true
        else coalesce(department = any (string_to_array(
            nullif(current_setting('suifang.departments', true), ''), ',')::uuid[]), false)
    end
$$;

create table department (
    department_id uuid primary key,
    name text not null constraint department_name_unique unique,
    created_at timestamptz not null
);

-- People and how to reach them ------------------------------------------------------

create table person (
    person_id uuid primary key,
    record_no text constraint person_record_no_unique unique,
    id_card text constraint person_id_card_unique unique,
    name text not null constraint person_name_present check (name <> ''),
    -- How the surname is read aloud where the table of readings is wrong for this person.
    name_reading text,
    sex text not null default 'unknown'
        constraint person_sex_known check (sex in ('male', 'female', 'unknown')),
    birth_date date,
    language text not null default 'zh-CN',
    died_on date,
    -- Set: no machine contacts this person again, on any channel.
    automatic_contact_stopped_at timestamptz,
    automatic_contact_stopped_why text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table admission (
    admission_id uuid primary key,
    person_id uuid not null references person,
    department_id uuid not null references department,
    admission_no text not null constraint admission_no_present check (admission_no <> ''),
    sequence integer not null default 1 constraint admission_sequence_positive check (sequence > 0),
    ward text,
    admitted_on date,
    discharged_on date not null,
    -- 1 home 2 transferred 3 community 4 against advice 5 died 9 other (病案首页)
    disposition smallint not null default 1
        constraint admission_disposition_known check (disposition in (1, 2, 3, 4, 5, 9)),
    had_operation boolean not null default false,
    disclosure text not null default 'unknown'
        constraint admission_disclosure_known
        check (disclosure in ('patient_knows', 'family_only', 'unknown')),
    patient_only boolean not null default false,
    created_at timestamptz not null,
    constraint admission_order check (admitted_on is null or admitted_on <= discharged_on),
    constraint admission_once unique nulls not distinct (admission_no, admitted_on, sequence)
);
create index admission_person on admission (person_id);
create index admission_discharged on admission (department_id, discharged_on);

create table diagnosis (
    admission_id uuid not null references admission on delete cascade,
    position smallint not null,
    icd text,
    name text,
    primary key (admission_id, position)
);

create table contact (
    contact_id uuid primary key,
    person_id uuid not null references person,
    position smallint not null,
    relation text not null constraint contact_relation_known check (relation in
        ('self', 'spouse', 'child', 'parent', 'sibling', 'relative', 'neighbour', 'guardian', 'other')),
    name text,
    informed boolean not null default false,
    created_at timestamptz not null,
    constraint contact_position_unique unique (person_id, position)
);

create table number (
    number_id uuid primary key,
    contact_id uuid not null references contact,
    position smallint not null,
    e164 text not null constraint number_is_e164 check (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    extension text,
    kind text not null constraint number_kind_known check (kind in ('mobile', 'landline', 'service')),
    raw text not null,
    source text not null,
    state text not null default 'unverified' constraint number_state_known
        check (state in ('unverified', 'valid', 'suspect', 'invalid', 'blocked')),
    valid_until date,
    created_at timestamptz not null,
    state_at timestamptz not null,
    constraint number_once_per_contact unique (contact_id, e164)
);
create index number_e164 on number (e164);

-- What was learnt of a number, each time: two proofs on two days make it invalid.
create table number_proof (
    number_id uuid not null references number,
    at timestamptz not null,
    attempt_id uuid,
    says text not null,
    primary key (number_id, at)
);

create table do_not_call (
    e164 text primary key,
    reason text not null,
    by_whom text not null,
    at timestamptz not null,
    revoked_at timestamptz,
    revoked_by text
);

create table consent (
    consent_id uuid primary key,
    person_id uuid not null references person,
    scope text not null constraint consent_scope_known check (scope in ('call', 'record', 'share')),
    decision text not null
        constraint consent_decision_known check (decision in ('given', 'refused', 'withdrawn')),
    wording_version text not null,
    channel text not null,
    call_id uuid,
    by_whom text not null,
    at timestamptz not null
);
create index consent_person on consent (person_id, scope, at);

-- The content that was asked, exactly as it was -------------------------------------

create table content (
    kind text not null constraint content_kind_known check (kind in ('dialplan', 'questionnaire')),
    name text not null,
    sha256 text not null,
    body text not null,
    first_used_at timestamptz not null,
    primary key (kind, name, sha256)
);

-- Runs, tasks, attempts --------------------------------------------------------------

create table run (
    run_id uuid primary key,
    name text not null,
    dialplan text not null,
    dialplan_sha256 text not null,
    trunk text,
    lines integer constraint run_lines_positive check (lines > 0),
    state text not null constraint run_state_known check (state in
        ('draft', 'scheduled', 'running', 'paused', 'waiting_window', 'stopping', 'stopped', 'finished')),
    why text,
    created_by text not null,
    created_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz
);

create table task (
    task_id uuid primary key,
    run_id uuid references run,
    person_id uuid not null references person,
    admission_id uuid references admission,
    department_id uuid references department,
    kind text not null constraint task_kind_known check (kind in
        ('follow_up', 'repair_task', 'verify_person', 'person_call', 'callback')),
    state text not null constraint task_state_known check (state in
        ('pending', 'due', 'assigned', 'in_progress', 'waiting_retry', 'needs_person',
         'waiting_repair', 'completed', 'partial', 'cancelled', 'expired', 'uncertain')),
    -- Why it is in this state, in one word of the glossary.
    why text,
    due_at timestamptz not null,
    not_before timestamptz not null,
    attempts integer not null default 0,
    dials integer not null default 0,
    interruptions integer not null default 0,
    declined_days integer not null default 0,
    -- The part of the day the respondent asked for.
    promised_part text constraint task_part_known
        check (promised_part in ('morning', 'afternoon', 'evening')),
    last_outcome text,
    claimed_by text,
    claimed_epoch bigint,
    parent_task uuid references task,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint task_once_per_run unique (run_id, admission_id, kind)
);
create index task_due on task (run_id, state, not_before);
create index task_person on task (person_id);

create table attempt (
    attempt_id uuid primary key,
    task_id uuid not null references task,
    person_id uuid not null references person,
    department_id uuid references department,
    number_id uuid not null references number,
    e164 text not null,
    trunk text not null,
    state text not null constraint attempt_state_known
        check (state in ('claimed', 'invited', 'live', 'ended', 'uncertain')),
    owner_node text not null,
    owner_epoch bigint not null,
    claimed_at timestamptz not null,
    invited_at timestamptz,
    rang_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    -- The raw facts, kept for ever, so that old dials can be judged again.
    sip_status smallint,
    q850 smallint,
    early_media text,
    tone text,
    rang boolean not null default false,
    we_cancelled boolean not null default false,
    answered boolean not null default false,
    voice_heard boolean not null default false,
    keys_given boolean not null default false,
    conversation text,
    outcome text,
    outcome_version smallint,
    why text,
    resolved_by text,
    constraint attempt_ended_has_outcome check (state <> 'ended' or outcome is not null)
);
create index attempt_task on attempt (task_id);
create index attempt_number on attempt (e164, claimed_at);
create index attempt_person on attempt (person_id, claimed_at);
create index attempt_open on attempt (state) where state in ('claimed', 'invited', 'live', 'uncertain');

create table call (
    call_id uuid primary key,
    attempt_id uuid references attempt,
    task_id uuid references task,
    person_id uuid references person,
    department_id uuid references department,
    direction text not null
        constraint call_direction_known check (direction in ('outbound', 'inbound')),
    state text not null constraint call_state_known check (state in
        ('queued', 'dialling', 'ringing', 'early_media', 'answered', 'transferring', 'ended')),
    remote text not null,
    trunk text,
    dialplan text not null,
    dialplan_sha256 text not null,
    owner_node text not null,
    owner_epoch bigint not null,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    end_why text
);
create index call_started on call (started_at desc);
create index call_task on call (task_id);
create index call_live on call (state) where state <> 'ended';

create table leg (
    leg_id uuid primary key,
    call_id uuid not null references call,
    role text not null,
    sip_call_id text not null,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    sip_status smallint,
    q850 smallint,
    codec text,
    packets_sent bigint,
    packets_received bigint,
    packets_lost bigint,
    jitter_ms real
);
create index leg_call on leg (call_id);

-- A committed answer is never lost and never doubled: a journal that is replayed after a
-- crash meets this key.
create table answer (
    answer_id uuid primary key,
    call_id uuid not null references call,
    task_id uuid references task,
    person_id uuid references person,
    department_id uuid references department,
    questionnaire text not null,
    questionnaire_sha256 text not null,
    link_id text not null,
    item_text text not null,
    status text not null constraint answer_status_known check (status in
        ('answered', 'not_asked', 'no_answer', 'declined', 'unknown', 'not_applicable', 'not_measured')),
    option_code text,
    option_text text,
    value_number numeric,
    value_text text,
    unit text,
    score numeric,
    ordinal integer not null,
    at timestamptz not null,
    recorded_by text not null,
    constraint answer_once_per_call unique (call_id, questionnaire, link_id)
);
create index answer_task on answer (task_id);

create table alert (
    alert_id uuid primary key,
    call_id uuid references call,
    task_id uuid references task,
    person_id uuid references person,
    department_id uuid references department,
    link_id text not null,
    level text not null constraint alert_level_known check (level in ('emergency', 'urgent', 'prompt')),
    state text not null constraint alert_state_known
        check (state in ('raised', 'acknowledged', 'in_hand', 'escalated', 'closed')),
    raised_at timestamptz not null,
    due_at timestamptz not null,
    constraint alert_once_per_item unique (call_id, link_id)
);

create table recording (
    recording_id uuid primary key,
    call_id uuid not null references call,
    department_id uuid references department,
    kind text not null constraint recording_kind_known
        check (kind in ('call', 'early', 'message')),
    path text not null constraint recording_path_unique unique,
    state text not null constraint recording_state_known check (state in
        ('recording', 'finished', 'repaired', 'destroyed', 'missing')),
    started_at timestamptz not null,
    duration_ms bigint,
    bytes bigint,
    sha256 text,
    frames_dropped bigint not null default 0,
    constraint recording_one_of_a_kind unique (call_id, kind)
);

-- Stop all calls ----------------------------------------------------------------------

create table stop_all (
    stop_id bigint generated always as identity primary key,
    at timestamptz not null,
    by_whom text not null,
    reason text not null constraint stop_all_has_reason check (reason <> ''),
    live_calls text not null
        constraint stop_all_live_known check (live_calls in ('finish', 'apologise')),
    resumed_at timestamptz,
    resumed_by text,
    constraint stop_all_resumed_by_another check (resumed_by is null or resumed_by <> by_whom)
);
create unique index stop_all_one_open on stop_all ((resumed_at is null)) where resumed_at is null;

-- Accounts, settings -------------------------------------------------------------------

create table account (
    user_id uuid primary key,
    login text not null constraint account_login_unique unique,
    display_name text not null,
    password_hash text not null,
    role text not null constraint account_role_known
        check (role in ('agent', 'nurse', 'doctor', 'supervisor', 'sys_admin')),
    may_stop_all boolean not null default false,
    whole_hospital boolean not null default false,
    departments uuid[] not null default '{}',
    disabled_at timestamptz,
    created_at timestamptz not null
);

create table web_session (
    token_sha256 text primary key,
    user_id uuid not null references account,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create table phone (
    phone text primary key,
    ha1_md5 text not null,
    ha1_sha256 text not null,
    created_at timestamptz not null
);

create table policy (
    name text primary key,
    body jsonb not null,
    updated_at timestamptz not null,
    updated_by text not null
);

create table holiday (
    day date primary key,
    kind text not null constraint holiday_kind_known check (kind in ('holiday', 'makeup_day')),
    name text not null
);

create table node_epoch (
    node text primary key,
    epoch bigint not null,
    started_at timestamptz not null
);

-- Imports --------------------------------------------------------------------------------

create table import (
    import_id uuid primary key,
    file_name text not null,
    sha256 text not null,
    state text not null
        constraint import_state_known check (state in ('running', 'finished', 'failed')),
    rows_read integer not null default 0,
    rows_stored integer not null default 0,
    rows_known integer not null default 0,
    rows_bad integer not null default 0,
    why text,
    started_by text not null,
    started_at timestamptz not null,
    ended_at timestamptz
);

create table import_fault (
    import_id uuid not null references import,
    row_no integer not null,
    column_name text not null,
    what text not null,
    ordinal integer not null,
    primary key (import_id, row_no, ordinal)
);

create table import_admission (
    import_id uuid not null references import,
    admission_id uuid not null references admission,
    primary key (import_id, admission_id)
);

-- Prompts recorded by a nurse ----------------------------------------------------------

create table prompt_clip (
    clip_id uuid primary key,
    language text not null,
    text_sha256 text not null,
    text text not null,
    path text not null,
    duration_ms integer not null,
    level_dbm0 real not null,
    noise_dbm0 real not null,
    state text not null constraint prompt_clip_state_known check (state in ('kept', 'rejected', 'retired')),
    why text,
    recorded_by text not null,
    at timestamptz not null
);
create unique index prompt_clip_one_kept on prompt_clip (language, text_sha256) where state = 'kept';

-- Audit and events ----------------------------------------------------------------------

create table audit (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    did text not null,
    subject text not null,
    subject_id text not null,
    reason text,
    sealed_hash text
);
create index audit_unsealed on audit (audit_id) where sealed_hash is null;

create table event (
    event_id bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null,
    kind text not null,
    department_id uuid,
    body jsonb not null
);

-- Rows by department ----------------------------------------------------------------------

do $$
declare noun text;
begin
    foreach noun in array array['admission', 'task', 'attempt', 'call', 'answer', 'alert', 'recording']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_department on %I using (in_scope(department_id))
            with check (in_scope(department_id))', noun);
    end loop;
    foreach noun in array array['person', 'contact', 'consent']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_admission on %I using (
            current_setting(''suifang.departments'', true) = ''*''
            or exists (select from admission a where a.person_id = %I.person_id))', noun, noun);
    end loop;
    alter table number enable row level security;
    alter table number force row level security;
    create policy by_contact on number using (
        current_setting('suifang.departments', true) = '*'
        or exists (select from contact c where c.contact_id = number.contact_id));
    alter table leg enable row level security;
    alter table leg force row level security;
    create policy by_call on leg using (
        current_setting('suifang.departments', true) = '*'
        or exists (select from call c where c.call_id = leg.call_id));
end $$;

grant select, insert, update, delete on all tables in schema public to suifang_app;
grant usage, select on all sequences in schema public to suifang_app;
revoke update, delete on audit from suifang_app;
grant update (sealed_hash) on audit to suifang_app;
revoke delete on answer, attempt, recording, consent from suifang_app;
