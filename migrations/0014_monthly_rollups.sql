-- Reports over years read the roll-ups of whole months. A month is there when none of its
-- days has changed since: rolling a day anew takes its month away in the same transaction.
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
create table rollup_month (
    month date primary key,
    rolled_at timestamptz not null
);
alter table follow_up_rollup_month enable row level security;
alter table follow_up_rollup_month force row level security;
create policy by_department on follow_up_rollup_month using (in_scope(department_id));
grant select, insert, update, delete on follow_up_rollup_month, rollup_month to suifang_app;

-- The cells of a period that nothing has changed since: whole months where they are there,
-- else days. A month's cells stand at its first day.
create function follow_up_rolled(of_dimension text, since date, until date)
returns setof follow_up_rollup language sql stable as $$
    with fresh as materialized (
            select distinct discharged_on from rollup_dirty
            where discharged_on between since and until),
        months as materialized (
            select m.month from rollup_month m
            where m.month >= since and (m.month + interval '1 month')::date - 1 <= until
              and m.month not in (select date_trunc('month', discharged_on)::date from fresh)),
        days as materialized (
            select d::date as day from generate_series(since, until, interval '1 day') d
            where d::date not in (select discharged_on from fresh)
              and date_trunc('month', d)::date not in (select month from months))
    select m.month, m.department_id, m.dimension, m.value, m.discharged, m.eligible, m.has_number,
        m.valid_number, m.dialled, m.answered, m.right_person, m.completed, m.partial, m.in_time,
        m.with_evidence, m.late_entries
    from follow_up_rollup_month m
    where m.dimension = of_dimension and m.month in (select month from months)
    union all
    select r.discharged_on, r.department_id, r.dimension, r.value, r.discharged, r.eligible,
        r.has_number, r.valid_number, r.dialled, r.answered, r.right_person, r.completed, r.partial,
        r.in_time, r.with_evidence, r.late_entries
    from follow_up_rollup r
    where r.dimension = of_dimension and r.discharged_on in (select day from days)
$$;
