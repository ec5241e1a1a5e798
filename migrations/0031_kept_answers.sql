-- How often each answer was given, kept by day (UTC) and by month: by disease, number of the
-- follow-up, item and code. Whatever changes an answer, the follow-up it hangs on or the stay's
-- diagnoses marks the days of those answers in its own transaction; a report counts marked days
-- from the answers themselves, so it is never stale. A day is counted anew as a whole.

create table answer_rollup (
    day date not null,
    department_id uuid references department,
    disease text,
    sequence integer,
    link_id text collate "C" not null,
    code text not null,
    item_text text not null,
    label text,
    count bigint not null,
    constraint answer_rollup_once unique nulls not distinct
        (day, link_id, code, department_id, disease, sequence)
);
create table answer_rollup_month (
    month date not null,
    department_id uuid references department,
    disease text,
    sequence integer,
    link_id text collate "C" not null,
    code text not null,
    item_text text not null,
    label text,
    count bigint not null,
    constraint answer_rollup_month_once unique nulls not distinct
        (month, link_id, code, department_id, disease, sequence)
);
-- Only ever appended to by whoever changes a fact: two answers of one day never wait for each
-- other here.
create table answer_dirty (day date not null);
create index answer_dirty_day on answer_dirty (day);
create index answer_at on answer (at);
do $$
declare noun text;
begin
    foreach noun in array array['answer_rollup', 'answer_rollup_month']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_department on %I using (in_scope(department_id))
            with check (in_scope(department_id))', noun);
    end loop;
end $$;
grant select, insert, update, delete on answer_rollup, answer_rollup_month, answer_dirty
    to suifang_app;

-- What the answers of a span count for: the one place that says it.
create function answer_counts(since timestamptz, past timestamptz)
returns setof answer_rollup language sql stable as $$
    select s.day, s.department_id, s.disease, s.sequence, s.link_id, s.code, max(s.item_text),
        max(s.label), count(*)
    from (select (w.at at time zone 'UTC')::date as day, w.department_id,
              (select left(g.icd, 3) from diagnosis g where g.admission_id = t.admission_id
                  order by g.position limit 1) as disease,
              t.sequence, w.link_id collate "C" as link_id,
              coalesce(w.option_code, w.status) as code, w.item_text, w.option_text as label
          from answer w join task t using (task_id)
          where w.at >= since and w.at < past) s
    group by 1, 2, 3, 4, 5, 6
$$;

create function utc_midnight(day date) returns timestamptz language sql immutable as $$
    select day::timestamp at time zone 'UTC'
$$;

-- The counts of a span: whole months (each at its first day), whole days before and after them,
-- and from the answers themselves what the span's ends cut off and what is marked.
create function answers_counted(since timestamptz, past timestamptz)
returns setof answer_rollup language sql stable as $$
    with ends as materialized (
        select ((since + interval '1 day' - interval '1 microsecond') at time zone 'UTC')::date
                as first,
            (past at time zone 'UTC')::date as after_last),
    months as materialized (
        select (date_trunc('month', first + interval '1 month' - interval '1 day'))::date as first,
            date_trunc('month', after_last)::date as after_last
        from ends),
    marked as materialized (
        select distinct d.day from answer_dirty d, ends
        where d.day >= ends.first and d.day < ends.after_last),
    marked_months as materialized (
        select distinct date_trunc('month', day)::date as month from marked),
    spans as (
        select since as a, least(utc_midnight(first), past) as b from ends
        union all
        select greatest(utc_midnight(after_last), utc_midnight(first)), past from ends
        union all
        select utc_midnight(day), utc_midnight(day + 1) from marked)
    select m.* from answer_rollup_month m, months
    where m.month >= months.first and m.month < months.after_last
      and m.month not in (select month from marked_months)
    union all
    select r.* from answer_rollup r, ends, months
    where r.day >= ends.first and r.day < ends.after_last
      and r.day not in (select day from marked)
      and (r.day < months.first or r.day >= months.after_last
          or date_trunc('month', r.day)::date in (select month from marked_months))
    union all
    select n.* from spans cross join lateral answer_counts(spans.a, spans.b) n
    where spans.a < spans.b
$$;

-- The marks. Whoever sees one department changes facts of others too (a merge of two persons):
-- the answers are found whatever the writer's own scope is.
create function dirty_of_answers() returns trigger language plpgsql as $$
begin
    insert into answer_dirty (day)
    select distinct (at at time zone 'UTC')::date from changed where task_id is not null;
    return null;
end $$;
create function dirty_of_changed_answers() returns trigger language plpgsql as $$
begin
    insert into answer_dirty (day)
    select (at at time zone 'UTC')::date from changed where task_id is not null
    union select (at at time zone 'UTC')::date from former where task_id is not null;
    return null;
end $$;
create function dirty_of_moved_task() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into answer_dirty (day)
    select distinct (w.at at time zone 'UTC')::date from answer w where w.task_id = old.task_id;
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
create function dirty_of_diagnoses() returns trigger language plpgsql security definer as $$
declare own text := current_setting('suifang.departments', true);
begin
    perform set_config('suifang.departments', '*', true);
    insert into answer_dirty (day)
    select distinct (w.at at time zone 'UTC')::date
    from (select distinct admission_id from changed) c join task t using (admission_id)
        join answer w using (task_id);
    perform set_config('suifang.departments', coalesce(own, ''), true);
    return null;
end $$;
create trigger answers_are_counted after insert on answer
    referencing new table as changed
    for each statement execute function dirty_of_answers();
create trigger answers_count_anew after update on answer
    referencing old table as former new table as changed
    for each statement execute function dirty_of_changed_answers();
create trigger answers_count_no_more after delete on answer
    referencing old table as changed
    for each statement execute function dirty_of_answers();
create trigger answers_move after update on task for each row
    when ((old.sequence, old.admission_id) is distinct from (new.sequence, new.admission_id))
    execute function dirty_of_moved_task();
create trigger answers_of_disease after insert on diagnosis
    referencing new table as changed
    for each statement execute function dirty_of_diagnoses();
create trigger answers_of_other_disease after update on diagnosis
    referencing new table as changed
    for each statement execute function dirty_of_diagnoses();
create trigger answers_of_no_disease after delete on diagnosis
    referencing old table as changed
    for each statement execute function dirty_of_diagnoses();

-- Counts these days anew. Marks first: what is committed later brings a mark of its own.
create function roll_answers(days date[]) returns void language plpgsql as $$
declare whole date[] := array(select distinct date_trunc('month', d)::date from unnest(days) d);
begin
    delete from answer_dirty where day = any (days);
    delete from answer_rollup where day = any (days);
    insert into answer_rollup
    select n.* from unnest(days) d cross join lateral
        answer_counts(utc_midnight(d), utc_midnight(d + 1)) n;
    delete from answer_rollup_month where month = any (whole);
    insert into answer_rollup_month
    select m.month, r.department_id, r.disease, r.sequence, r.link_id, r.code, max(r.item_text),
        max(r.label), sum(r.count)
    from unnest(whole) m (month) join answer_rollup r
        on r.day >= m.month and r.day < (m.month + interval '1 month')::date
    group by 1, 2, 3, 4, 5, 6;
end $$;
-- All anew from the answers: once, where they were there before this.
create function recount_answers() returns void language sql as $$
    delete from answer_dirty;
    delete from answer_rollup;
    delete from answer_rollup_month;
    insert into answer_rollup
    select n.* from answer_counts('-infinity', 'infinity') n;
    insert into answer_rollup_month
    select date_trunc('month', day)::date, department_id, disease, sequence, link_id, code,
        max(item_text), max(label), sum(count)
    from answer_rollup group by 1, 2, 3, 4, 5, 6;
$$;
select set_config('suifang.departments', '*', true);
select recount_answers();
