-- Data that come in by themselves, tokens of the hospital's systems, and history.

-- When a source is looked into next, who does it now, and when it last brought something.
create table source_state (
    source text primary key,
    first_seen_at timestamptz not null,
    next_at timestamptz not null,
    last_started_at timestamptz,
    last_arrived_at timestamptz,
    leased_by text,
    lease_until timestamptz,
    constraint source_state_lease_whole check ((leased_by is null) = (lease_until is null))
);

-- A file by its content: taken once, whatever it is called.
create table source_file (
    source text not null,
    sha256 text not null,
    taken_at timestamptz not null,
    primary key (source, sha256)
);

alter table interface_run
    -- The file, or what it was started by.
    add what text not null default '',
    add rows_known integer not null default 0,
    -- Its rows that were wrong stand there.
    add import_id uuid references import;

-- A door that others knock at: how a body is read.
create table door (
    name text primary key,
    -- Of column_mapping.
    mapping text not null,
    -- Path of the element that holds one discharge; empty: the body is a list of them.
    record_path text not null,
    -- Nothing new for so many hours is an alarm; 0: never.
    silent_after_h integer not null constraint door_silence_not_negative check (silent_after_h >= 0),
    created_at timestamptz not null,
    last_arrived_at timestamptz,
    updated_at timestamptz not null,
    updated_by text not null
);

-- What another system shows to be let in. The token itself is in no table.
create table api_token (
    token_id uuid primary key,
    name text not null,
    scope text not null constraint api_token_scope_known check (scope in ('door', 'read')),
    -- The one door that it opens.
    door text references door,
    token_sha256 text not null constraint api_token_once unique,
    created_at timestamptz not null,
    created_by text not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    constraint api_token_has_door check ((scope = 'door') = (door is not null))
);

alter table past_follow_up add note text;
-- Imported twice, it is there once.
create unique index past_follow_up_once on past_follow_up (person_id, done_on, source,
    md5(coalesce(channel, '') || '|' || coalesce(result, '') || '|' || coalesce(by_whom, '')
        || '|' || coalesce(note, '')));

-- task_first_contact begins with the same column; every import writes them all.
drop index task_admission;
-- A plan's step has no run until it is due.
drop index task_due;
create index task_due on task (run_id, state, not_before) where run_id is not null;

do $$
declare noun text;
begin
    -- They may bring any department's patients.
    foreach noun in array array['source_state', 'source_file', 'door', 'api_token']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy whole_hospital on %I using (
            current_setting(''suifang.departments'', true) = ''*'')', noun);
    end loop;
end $$;

grant select, insert, update on source_state, door, api_token to suifang_app;
grant select, insert on source_file to suifang_app;
