-- Roll-ups by what has changed. A mark names the stay whose facts have changed since they were
-- counted; a report takes the counted cells, takes away what those stays counted for, and adds
-- what they count for now. Rolling does the same to the cells. So a report is never stale, a
-- change costs one stay and not its whole day, and whole months can be kept.

drop view follow_up_now;
delete from follow_up_rollup;
delete from follow_up_fact;
drop table rollup_day;
create table rollup_turn (
    only_one boolean primary key default true constraint rollup_turn_is_one check (only_one),
    rolled_at timestamptz not null
);

delete from rollup_dirty;
drop index rollup_dirty_day;
alter table rollup_dirty drop column discharged_on;
alter table rollup_dirty add column admission_id uuid not null;
create index rollup_dirty_stay on rollup_dirty (admission_id);

create table follow_up_rollup_month (
    month date not null,
    department_id uuid not null references department,
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
    primary key (dimension, month, department_id, value)
);
alter table follow_up_rollup_month enable row level security;
alter table follow_up_rollup_month force row level security;
create policy by_department on follow_up_rollup_month using (in_scope(department_id));

-- Whoever may see only one department changes facts of others too (a death ends them all):
-- the stays are found whatever the writer's own scope is.
create or replace function dirty_of_persons() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (admission_id)
    select distinct a.admission_id from changed c join admission a using (person_id);
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
create or replace function dirty_of_admissions() returns trigger language plpgsql security definer as $$
begin
    insert into rollup_dirty (admission_id)
    select distinct admission_id from changed where admission_id is not null;
    return null;
end $$;
create or replace function dirty_of_numbers() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (admission_id)
    select distinct a.admission_id
    from changed n join contact c using (contact_id) join admission a using (person_id);
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
-- A stay, and its person's other stays (readmission).
create or replace function dirty_of_stays() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into rollup_dirty (admission_id)
    select admission_id from changed
    union select a.admission_id from changed c join admission a using (person_id);
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;

-- Facts of stays that nothing has changed since, cases of the others.
create view follow_up_now with (security_invoker = true) as
select admission_id, person_id, department_id, ward, attending, discharged_on, disease, eligible,
    task_id, done_on, done_by, done_channel, evidence, respondent, late_entry, last_outcome, state,
    completed, partial, in_time, has_number, valid_number, dialled, answered, right_person
from follow_up_fact f
where not exists (select from rollup_dirty d where d.admission_id = f.admission_id)
union all
select admission_id, person_id, department_id, ward, attending, discharged_on, disease, eligible,
    task_id, done_on, done_by, done_channel, evidence, respondent, late_entry, last_outcome, state,
    completed, partial, in_time, has_number, valid_number, dialled, answered, right_person
from follow_up_case where admission_id in (select admission_id from rollup_dirty);

-- What these stays count for now, and, negative, what they were counted for: a line for each
-- dimension. The one place that says what a case counts as.
create function follow_up_delta(stays uuid[])
returns setof follow_up_rollup language sql stable as $$
    with said as (
        select 1 as sign, admission_id, department_id, ward, attending, discharged_on, disease,
            eligible, task_id, done_by, evidence, late_entry, last_outcome, completed, partial,
            in_time, has_number, valid_number, dialled, answered, right_person
        from follow_up_case where admission_id = any (stays)
        union all
        select -1, admission_id, department_id, ward, attending, discharged_on, disease,
            eligible, task_id, done_by, evidence, late_entry, last_outcome, completed, partial,
            in_time, has_number, valid_number, dialled, answered, right_person
        from follow_up_fact where admission_id = any (stays))
    select c.discharged_on, c.department_id, v.dimension, v.value, sign,
        sign * eligible::int, sign * (eligible and has_number)::int,
        sign * (eligible and has_number and valid_number)::int, sign * (eligible and dialled)::int,
        sign * (eligible and has_number and valid_number and answered)::int,
        sign * (eligible and has_number and valid_number and answered and right_person)::int,
        sign * (eligible and has_number and valid_number and answered and right_person
            and completed)::int,
        sign * (eligible and partial)::int,
        sign * (eligible and has_number and valid_number and answered and right_person
            and in_time)::int,
        sign * coalesce(eligible and completed
            and evidence in ('recording', 'call_record'), false)::int,
        sign * coalesce(eligible and completed and late_entry, false)::int
    from said c cross join lateral (values ('', ''), ('ward', coalesce(c.ward, '')),
        ('attending', coalesce(c.attending, '')), ('disease', coalesce(c.disease, '')),
        ('evidence', coalesce(c.evidence, '')), ('operator', coalesce(c.done_by, '')),
        ('cause', case when eligible and not in_time then case
            when not has_number then 'no_number' when not valid_number then 'number_invalid'
            when completed then 'too_late' when task_id is null then 'no_task'
            when not dialled then 'not_dialled'
            else coalesce(last_outcome, 'unknown') end end)) v (dimension, value)
    where v.value is not null
$$;

-- The counted cells of a period: whole months (each at its first day), and the days before
-- and after them.
create function follow_up_rolled(of_dimension text, since date, until date)
returns setof follow_up_rollup language sql stable as $$
    with span as materialized (
        select case when date_trunc('month', since)::date = since then since
                else (date_trunc('month', since) + interval '1 month')::date end as first,
            date_trunc('month', until + 1)::date as past)
    select m.month, m.department_id, m.dimension, m.value, m.discharged, m.eligible, m.has_number,
        m.valid_number, m.dialled, m.answered, m.right_person, m.completed, m.partial, m.in_time,
        m.with_evidence, m.late_entries
    from follow_up_rollup_month m
    where m.dimension = of_dimension and m.month >= (select first from span)
      and m.month < (select past from span)
    union all
    select r.* from follow_up_rollup r
    where r.dimension = of_dimension and r.discharged_on >= since
      and r.discharged_on < least((select first from span), until + 1)
    union all
    select r.* from follow_up_rollup r
    where r.dimension = of_dimension and r.discharged_on <= until
      and r.discharged_on >= greatest((select first from span), (select past from span))
$$;

-- Adds the difference to the cells and brings the facts up to date, in one statement: of one
-- moment, so that they never drift apart.
create function roll_follow_up(stays uuid[]) returns void language sql as $$
    with told as materialized (select * from follow_up_delta(stays)),
      days as (
        insert into follow_up_rollup as r (discharged_on, department_id, dimension, value,
            discharged, eligible, has_number, valid_number, dialled, answered, right_person,
            completed, partial, in_time, with_evidence, late_entries)
        select discharged_on, department_id, dimension, value, sum(discharged), sum(eligible),
            sum(has_number), sum(valid_number), sum(dialled), sum(answered),
            sum(right_person), sum(completed), sum(partial), sum(in_time),
            sum(with_evidence), sum(late_entries)
        from told group by 1, 2, 3, 4
        on conflict (dimension, discharged_on, department_id, value) do update set
            discharged = r.discharged + excluded.discharged,
            eligible = r.eligible + excluded.eligible,
            has_number = r.has_number + excluded.has_number,
            valid_number = r.valid_number + excluded.valid_number,
            dialled = r.dialled + excluded.dialled, answered = r.answered + excluded.answered,
            right_person = r.right_person + excluded.right_person,
            completed = r.completed + excluded.completed,
            partial = r.partial + excluded.partial, in_time = r.in_time + excluded.in_time,
            with_evidence = r.with_evidence + excluded.with_evidence,
            late_entries = r.late_entries + excluded.late_entries),
      months as (
        insert into follow_up_rollup_month as r (month, department_id, dimension, value,
            discharged, eligible, has_number, valid_number, dialled, answered, right_person,
            completed, partial, in_time, with_evidence, late_entries)
        select date_trunc('month', discharged_on)::date, department_id, dimension, value,
            sum(discharged), sum(eligible), sum(has_number), sum(valid_number), sum(dialled),
            sum(answered), sum(right_person), sum(completed), sum(partial), sum(in_time),
            sum(with_evidence), sum(late_entries)
        from told group by 1, 2, 3, 4
        on conflict (dimension, month, department_id, value) do update set
            discharged = r.discharged + excluded.discharged,
            eligible = r.eligible + excluded.eligible,
            has_number = r.has_number + excluded.has_number,
            valid_number = r.valid_number + excluded.valid_number,
            dialled = r.dialled + excluded.dialled, answered = r.answered + excluded.answered,
            right_person = r.right_person + excluded.right_person,
            completed = r.completed + excluded.completed,
            partial = r.partial + excluded.partial, in_time = r.in_time + excluded.in_time,
            with_evidence = r.with_evidence + excluded.with_evidence,
            late_entries = r.late_entries + excluded.late_entries),
      gone as (delete from follow_up_fact f where f.admission_id = any (stays)
        and not exists (select from follow_up_case c where c.admission_id = f.admission_id))
    insert into follow_up_fact as f (admission_id, person_id, department_id, ward, attending,
        discharged_on, disease, eligible, task_id, done_on, done_by, done_channel, evidence,
        respondent, late_entry, last_outcome, state, completed, partial, in_time, has_number,
        valid_number, dialled, answered, right_person)
    select admission_id, person_id, department_id, ward, attending, discharged_on, disease,
        eligible, task_id, done_on, done_by, done_channel, evidence, respondent, late_entry,
        last_outcome, state, completed, partial, in_time, has_number, valid_number, dialled,
        answered, right_person
    from follow_up_case where admission_id = any (stays)
    on conflict (admission_id) do update set
        person_id = excluded.person_id, department_id = excluded.department_id,
        ward = excluded.ward, attending = excluded.attending,
        discharged_on = excluded.discharged_on, disease = excluded.disease,
        eligible = excluded.eligible, task_id = excluded.task_id, done_on = excluded.done_on,
        done_by = excluded.done_by, done_channel = excluded.done_channel,
        evidence = excluded.evidence, respondent = excluded.respondent,
        late_entry = excluded.late_entry, last_outcome = excluded.last_outcome,
        state = excluded.state, completed = excluded.completed, partial = excluded.partial,
        in_time = excluded.in_time, has_number = excluded.has_number,
        valid_number = excluded.valid_number, dialled = excluded.dialled,
        answered = excluded.answered, right_person = excluded.right_person
$$;

grant select, insert, update, delete on follow_up_rollup_month, rollup_turn to suifang_app;
grant select on follow_up_now to suifang_app;

-- All that is there already is to be counted once.
select set_config('suifang.departments', '*', true);
insert into rollup_dirty (admission_id) select admission_id from admission;

-- The workload of a year reads these from the index alone.
drop index task_done;
create index task_done on task (done_on, department_id, done_by, state, kind, type)
    where state in ('completed', 'partial');
drop index call_started;
create index call_work on call (started_at, department_id, direction, task_id)
    include (answered_at, ended_at);
