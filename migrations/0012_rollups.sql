-- Daily roll-ups of the follow-up reports: counts of a day's discharges, by department and
-- one more dimension. A day whose facts have changed since is counted anew from the cases
-- until it is rolled again, so that a report is never stale.

create table follow_up_rollup (
    discharged_on date not null,
    department_id uuid not null references department,
    -- '' (the department as a whole), ward, attending, disease, evidence, operator, cause
    dimension text not null,
    value text not null,
    discharged integer not null,
    eligible integer not null,
    has_number integer not null,
    valid_number integer not null,
    dialled integer not null,
    answered integer not null,
    right_person integer not null,
    completed integer not null,
    partial integer not null,
    in_time integer not null,
    with_evidence integer not null,
    late_entries integer not null,
    primary key (dimension, discharged_on, department_id, value)
);
create table rollup_day (
    discharged_on date primary key,
    rolled_at timestamptz not null
);
-- Only ever appended to by whoever changes a fact: two calls that end at once never wait for
-- each other here.
create table rollup_dirty (
    dirty_id bigint generated always as identity primary key,
    discharged_on date not null
);
create index rollup_dirty_day on rollup_dirty (discharged_on);

-- Whoever may see only one department changes facts of others too (a death ends them all):
-- the days are found whatever the writer's own scope is.
create function dirty_of_persons() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (discharged_on)
    select distinct a.discharged_on from changed c join admission a using (person_id)
    where a.discharged_on is not null;
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
create function dirty_of_admissions() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (discharged_on)
    select distinct a.discharged_on from changed c join admission a using (admission_id)
    where a.discharged_on is not null;
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
create function dirty_of_numbers() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (discharged_on)
    select distinct a.discharged_on
    from changed n join contact c using (contact_id) join admission a using (person_id)
    where a.discharged_on is not null;
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;

-- A stay's own day, also one that it has just left (a discharge taken back or moved), and
-- those of its person's other stays (readmission).
create function dirty_of_stays() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (discharged_on)
    select discharged_on from changed where discharged_on is not null
    union
    select a.discharged_on from changed c join admission a using (person_id)
    where a.discharged_on is not null;
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;

do $$
declare watched text[];
begin
    foreach watched slice 1 in array array[
        ['admission', 'stays'], ['person', 'persons'], ['contact', 'persons'],
        ['consent', 'persons'], ['task', 'admissions'], ['diagnosis', 'admissions'],
        ['number', 'numbers']]
    loop
        execute format('create trigger %1$s_comes_in after insert on %1$s referencing new table
            as changed for each statement execute function dirty_of_%2$s()', watched[1], watched[2]);
        execute format('create trigger %1$s_changes after update on %1$s referencing new table
            as changed for each statement execute function dirty_of_%2$s()', watched[1], watched[2]);
        execute format('create trigger %1$s_goes after delete on %1$s referencing old table
            as changed for each statement execute function dirty_of_%2$s()', watched[1], watched[2]);
    end loop;
    -- These may move: to another day, or to another person (A40). Others stay where they are.
    foreach watched slice 1 in array array[
        ['admission', 'stays'], ['contact', 'persons'], ['consent', 'persons'],
        ['number', 'numbers']]
    loop
        execute format('create trigger %1$s_was after update on %1$s referencing old table
            as changed for each statement execute function dirty_of_%2$s()', watched[1], watched[2]);
    end loop;
end $$;
-- All that is there already is to be counted once.
select set_config('suifang.departments', '*', true);
insert into rollup_dirty (discharged_on)
select distinct discharged_on from admission where discharged_on is not null;

alter table follow_up_rollup enable row level security;
alter table follow_up_rollup force row level security;
create policy by_department on follow_up_rollup using (in_scope(department_id));
grant select, insert, update, delete on follow_up_rollup, rollup_day, rollup_dirty to suifang_app;

-- Reports over a span of days, lists of a department, the dialler and the search at a
-- hospital's size.
create index admission_by_day on admission (discharged_on);
create index attempt_by_day on attempt (claimed_at) where state = 'ended';

-- Row-level security lets an index be used only by operators that cannot leak: `like` can,
-- comparing cannot. A prefix is a range of these.
create index person_name_range on person ((name collate "C"), person_id) where merged_into is null;
create index person_sound_range on person_sound ((sound collate "C"), person_id);
drop index person_name;
drop index person_sound_sound;

-- The cases of a rolled day as rows, for filters that no roll-up holds; without anybody's name.
create table follow_up_fact as select admission_id, person_id, department_id, ward, attending, discharged_on, disease, eligible,
    task_id, done_on, done_by, done_channel, evidence, respondent, late_entry, last_outcome, state,
    completed, partial, in_time, has_number, valid_number, dialled, answered, right_person
from follow_up_case with no data;
alter table follow_up_fact add primary key (admission_id);
create index follow_up_fact_day on follow_up_fact (discharged_on, admission_id);
alter table follow_up_fact enable row level security;
alter table follow_up_fact force row level security;
create policy by_department on follow_up_fact using (in_scope(department_id));
grant select, insert, update, delete on follow_up_fact to suifang_app;
-- As it is now: facts of days that nothing has changed since, cases of the others.
create view follow_up_now with (security_invoker = true) as
select admission_id, person_id, department_id, ward, attending, discharged_on, disease, eligible,
    task_id, done_on, done_by, done_channel, evidence, respondent, late_entry, last_outcome, state,
    completed, partial, in_time, has_number, valid_number, dialled, answered, right_person
from follow_up_fact f
where not exists (select from rollup_dirty d where d.discharged_on = f.discharged_on)
union all
select admission_id, person_id, department_id, ward, attending, discharged_on, disease, eligible,
    task_id, done_on, done_by, done_channel, evidence, respondent, late_entry, last_outcome, state,
    completed, partial, in_time, has_number, valid_number, dialled, answered, right_person
from follow_up_case where discharged_on in (select discharged_on from rollup_dirty);
grant select on follow_up_now to suifang_app;

create index task_open on task (due_at, task_id) where state in ('pending', 'due', 'assigned',
    'in_progress', 'waiting_retry', 'needs_person', 'waiting_repair', 'uncertain');
create index task_done on task (done_on) where state in ('completed', 'partial');
