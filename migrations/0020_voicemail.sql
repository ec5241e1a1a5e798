-- 语音留言, left with us: a span of the call's recording, and somebody's to answer.
create table voicemail (
    voicemail_id uuid primary key,
    call_id uuid not null references call,
    -- Who has this number, where that is one person.
    person_id uuid references person,
    department_id uuid references department,
    remote text not null,
    from_ms bigint not null,
    to_ms bigint not null,
    left_at timestamptz not null,
    assigned_to text,
    assigned_at timestamptz,
    done_at timestamptz,
    done_by text,
    outcome text,
    constraint voicemail_spans_something check (to_ms >= from_ms and from_ms >= 0),
    constraint voicemail_done_has_outcome check ((done_at is null) = (outcome is null))
);
create index voicemail_left on voicemail (left_at desc);
create index voicemail_open on voicemail (left_at) where done_at is null;
alter table voicemail enable row level security;
alter table voicemail force row level security;
create policy by_department on voicemail using (
    current_setting('suifang.departments', true) = '*' or department_id is null
    or in_scope(department_id) or assigned_to = current_setting('suifang.login', true))
    with check (true);
create policy own_only on voicemail as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or assigned_to = current_setting('suifang.login', true)
    or exists (select from admission a where a.person_id = voicemail.person_id))
    with check (true);
grant select, insert, update on voicemail to suifang_app;

insert into role_module (role, module)
select code, 'voicemail' from role
where code in ('agent', 'nurse', 'doctor', 'supervisor', 'sys_admin') on conflict do nothing;
