-- 工作量 by hour and department, kept in step by the rows that make it: whoever changes a call or
-- a task adds what it counts for now and takes away what it counted for, in its own
-- transaction. A report sums the kept counts and the changes that nobody has added to them
-- yet, so it is never stale. An hour is the coarsest span that every whole-hour zone's day is
-- made of; what a report's ends cut off is counted from the calls themselves.

create table call_rollup (
    hour timestamptz not null,
    department_id uuid references department,
    calls bigint not null,
    talk_us bigint not null,
    constraint call_rollup_once unique nulls not distinct (hour, department_id)
);
create table done_rollup (
    done_on date not null,
    department_id uuid references department,
    done_by text not null,
    completed bigint not null,
    partial bigint not null,
    constraint done_rollup_once unique nulls not distinct (done_on, department_id, done_by)
);
-- Only ever appended to by whoever changes a fact: two calls that end at once never wait for
-- each other here.
create table call_change (
    hour timestamptz not null,
    department_id uuid,
    calls bigint not null,
    talk_us bigint not null
);
create table done_change (
    done_on date not null,
    department_id uuid,
    done_by text not null,
    completed bigint not null,
    partial bigint not null
);
do $$
declare noun text;
begin
    foreach noun in array array['call_rollup', 'done_rollup', 'call_change', 'done_change']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_department on %I using (in_scope(department_id))
            with check (in_scope(department_id))', noun);
    end loop;
end $$;
grant select, insert, update, delete on call_rollup, done_rollup, call_change, done_change
    to suifang_app;

-- What a call counts for, a task likewise: the one place that says it.
create function call_counts(c call, sign bigint)
returns setof call_change language sql stable as $$
    select date_trunc('hour', c.started_at, 'UTC'), c.department_id, sign,
        sign * coalesce(extract(epoch from c.ended_at - c.answered_at) * 1000000, 0)::bigint
    where c.direction = 'outbound' and c.task_id is not null
$$;
create function done_counts(t task, sign bigint)
returns setof done_change language sql stable as $$
    select t.done_on, t.department_id, coalesce(t.done_by, 'ivr'),
        sign * (t.state = 'completed')::int, sign * (t.state = 'partial')::int
    where t.kind = 'follow_up' and t.type <> 'notice' and t.state in ('completed', 'partial')
      and t.done_on is not null
$$;

create function call_counted() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then insert into call_change select * from call_counts(old, -1); end if;
    if tg_op <> 'DELETE' then insert into call_change select * from call_counts(new, 1); end if;
    return null;
end $$;
create function done_counted() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then insert into done_change select * from done_counts(old, -1); end if;
    if tg_op <> 'DELETE' then insert into done_change select * from done_counts(new, 1); end if;
    return null;
end $$;
create trigger call_is_counted after insert on call for each row
    when (new.direction = 'outbound' and new.task_id is not null)
    execute function call_counted();
create trigger call_counts_anew after update on call for each row
    when ((old.started_at, old.department_id, old.direction, old.task_id, old.answered_at, old.ended_at)
        is distinct from
        (new.started_at, new.department_id, new.direction, new.task_id, new.answered_at, new.ended_at))
    execute function call_counted();
create trigger call_counts_no_more after delete on call for each row
    execute function call_counted();
create trigger task_is_counted after insert on task for each row
    when (new.state in ('completed', 'partial'))
    execute function done_counted();
create trigger task_counts_anew after update on task for each row
    when ((old.state in ('completed', 'partial') or new.state in ('completed', 'partial'))
        and (old.state, old.department_id, old.kind, old.type, old.done_on, old.done_by)
        is distinct from
        (new.state, new.department_id, new.kind, new.type, new.done_on, new.done_by))
    execute function done_counted();
create trigger task_counts_no_more after delete on task for each row
    when (old.state in ('completed', 'partial'))
    execute function done_counted();

-- Adds the changes to the kept counts. Of one moment: a reader sees a change here or there.
create function roll_workload() returns void language sql as $$
    with told as (delete from call_change returning *)
    insert into call_rollup as r (hour, department_id, calls, talk_us)
    select hour, department_id, sum(calls), sum(talk_us) from told group by 1, 2
    on conflict (hour, department_id) do update set calls = r.calls + excluded.calls,
        talk_us = r.talk_us + excluded.talk_us;
    with told as (delete from done_change returning *)
    insert into done_rollup as r (done_on, department_id, done_by, completed, partial)
    select done_on, department_id, done_by, sum(completed), sum(partial) from told group by 1, 2, 3
    on conflict (done_on, department_id, done_by) do update set
        completed = r.completed + excluded.completed, partial = r.partial + excluded.partial;
$$;
-- All anew from the calls and tasks themselves: once, where they were there before this.
create function recount_workload() returns void language sql as $$
    delete from call_change;
    delete from done_change;
    delete from call_rollup;
    delete from done_rollup;
    insert into call_rollup (hour, department_id, calls, talk_us)
    select n.hour, n.department_id, sum(n.calls), sum(n.talk_us)
    from call c cross join lateral call_counts(c, 1) n group by 1, 2;
    insert into done_rollup (done_on, department_id, done_by, completed, partial)
    select n.done_on, n.department_id, n.done_by, sum(n.completed), sum(n.partial)
    from task t cross join lateral done_counts(t, 1) n group by 1, 2, 3;
$$;
select set_config('suifang.departments', '*', true);
select recount_workload();

-- The carrier's governor asks for the last hour of a trunk.
create index ring_test_of_trunk on ring_test (trunk, begun_at);

-- Which version of the plan rules has looked at a stay, beside it: a mark on the stay itself
-- wrote the whole row anew and told the reports that it had changed.
create table assessment (
    admission_id uuid primary key references admission on delete cascade,
    rules integer not null
);
insert into assessment (admission_id, rules)
select admission_id, assessed_rules from admission where assessed_rules > 0;
alter table assessment enable row level security;
alter table assessment force row level security;
create policy by_admission on assessment using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from admission a where a.admission_id = assessment.admission_id));
create policy own_only on assessment as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or exists (select from admission a where a.admission_id = assessment.admission_id));
grant select, insert, update, delete on assessment to suifang_app;
