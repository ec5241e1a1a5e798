-- 床旁试拨: a number is rung while its owner is still here, and confirmed by a key. It is a
-- dial: the gaps and caps of the person and of the number count it.
create table ring_test (
    ring_test_id uuid primary key,
    person_id uuid not null references person,
    number_id uuid not null references number,
    e164 text not null,
    asked_by text not null,
    trunk text not null,
    call_id uuid references call,
    owner_node text not null,
    owner_epoch bigint not null,
    begun_at timestamptz not null,
    ended_at timestamptz,
    -- Of rules.md §1; null while it rings. `uncertain`: the server ended meanwhile.
    outcome text,
    constraint ring_test_ends_with_an_outcome check ((ended_at is null) = (outcome is null))
);
create index ring_test_of_person on ring_test (person_id, begun_at desc);
create index ring_test_of_number on ring_test (e164, begun_at desc);
create unique index ring_test_one_at_a_time on ring_test (e164) where ended_at is null;
alter table ring_test enable row level security;
alter table ring_test force row level security;
create policy by_person on ring_test using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from admission a where a.person_id = ring_test.person_id));
create policy own_only on ring_test as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or exists (select from admission a where a.person_id = ring_test.person_id));
grant select, insert, update on ring_test to suifang_app;

-- 长途权限: the dearest call that a role may order (row F027).
alter table role add column toll text not null default 'long_distance'
    constraint role_toll_known check (toll in ('local', 'long_distance', 'abroad'));

-- 入院途径 and the emergency visits of the half year before: two letters of the LACE index.
-- Null: nobody has told.
alter table admission
    add column acute boolean,
    add column ed_visits smallint
        constraint admission_ed_visits_plausible check (ed_visits between 0 and 99);
