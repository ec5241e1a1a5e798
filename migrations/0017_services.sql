-- Services around a call: 投诉 and 表扬, 咨询, 知识库, 呼入黑名单.

-- A complaint, or praise, from its registration to its end. A complaint about conduct is hidden
-- from the department that it is about; whoever sees the whole hospital works on it.
create table complaint (
    complaint_id uuid primary key,
    kind text not null constraint complaint_kind_known check (kind in ('complaint', 'praise')),
    state text not null constraint complaint_state_known
        check (state in ('registered', 'assigned', 'answered', 'called_back', 'closed')),
    category text not null constraint complaint_has_category check (category <> ''),
    is_conduct boolean not null default false,
    what text not null constraint complaint_says_something check (what <> ''),
    complainant text,
    e164 text,
    person_id uuid references person,
    -- That it is about.
    department_id uuid references department,
    ward text,
    call_id uuid references call,
    recording_id uuid references recording,
    registered_by text not null,
    registered_at timestamptz not null,
    -- Of the next step; null: there is no limit, or it is closed.
    due_at timestamptz,
    assigned_to text references account (login),
    answer text,
    satisfied boolean,
    outcome text,
    closed_at timestamptz,
    constraint complaint_closes_with_an_outcome
        check ((state = 'closed') = (outcome is not null))
);
create index complaint_due on complaint (due_at) where state <> 'closed';
create index complaint_of_person on complaint (person_id) where person_id is not null;
create index complaint_registered on complaint (registered_at desc);
create table complaint_step (
    complaint_id uuid not null references complaint,
    ordinal integer not null,
    did text not null,
    by_whom text not null,
    at timestamptz not null,
    note text,
    -- Of a call back.
    call_id uuid references call,
    primary key (complaint_id, ordinal)
);

-- 咨询: what somebody wanted to know, and what they were told out of which article.
create table enquiry (
    enquiry_id uuid primary key,
    category text not null constraint enquiry_has_category check (category <> ''),
    question text not null constraint enquiry_asks_something check (question <> ''),
    caller text,
    e164 text,
    person_id uuid references person,
    department_id uuid references department,
    call_id uuid references call,
    taken_by text not null,
    taken_at timestamptz not null,
    answer text,
    article_id uuid,
    article_version integer,
    answered_by text,
    answered_at timestamptz,
    constraint enquiry_answered_by_somebody
        check ((answer is null) = (answered_by is null) and (answer is null) = (answered_at is null)),
    constraint enquiry_article_has_version
        check ((article_id is null) = (article_version is null))
);
create index enquiry_taken on enquiry (taken_at desc);
create index enquiry_open on enquiry (taken_at) where answer is null;
create index enquiry_of_person on enquiry (person_id) where person_id is not null;

do $$
declare noun text;
begin
    foreach noun in array array['complaint', 'enquiry', 'complaint_step']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
    end loop;
end $$;
-- `suifang.login` is set for each transaction by store::Scope.
create policy seen on complaint using (
    current_setting('suifang.departments', true) = '*'
    or (in_scope(department_id) and not is_conduct)
    or (assigned_to = current_setting('suifang.login', true)
        and not (is_conduct and in_scope(department_id))))
    with check (true);
create policy own_only on complaint as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or assigned_to = current_setting('suifang.login', true)
    or exists (select from admission a where a.person_id = complaint.person_id))
    with check (true);
-- Its first step is written by whoever registers it, who may not see it any more.
create policy by_complaint on complaint_step using (
    exists (select from complaint c where c.complaint_id = complaint_step.complaint_id))
    with check (true);
create policy seen on enquiry using (
    current_setting('suifang.departments', true) = '*' or in_scope(department_id)
    or taken_by = current_setting('suifang.login', true))
    with check (true);
create policy own_only on enquiry as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or taken_by = current_setting('suifang.login', true)
    or exists (select from admission a where a.person_id = enquiry.person_id))
    with check (true);
grant select, insert, update on complaint, enquiry to suifang_app;
grant select, insert on complaint_step to suifang_app;

-- 知识库: for everybody who is signed in, with nothing of a patient in it. An article keeps all
-- its versions; `grams` are the characters of the current one and the pairs of them, which is
-- how words of a language without spaces are found.
create table article (
    article_id uuid primary key,
    category text not null constraint article_has_category check (category <> ''),
    -- Whose people may change it; null: the centre's.
    department_id uuid references department,
    version integer not null,
    title text not null constraint article_has_title check (title <> ''),
    searched text not null,
    grams text[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    retired_at timestamptz,
    retired_why text
);
create index article_grams on article using gin (grams) with (fastupdate = off);
create table article_version (
    article_id uuid not null references article,
    version integer not null constraint article_version_positive check (version > 0),
    title text not null,
    body text not null constraint article_has_body check (body <> ''),
    -- What changed, in a word.
    note text,
    written_by text not null,
    at timestamptz not null,
    primary key (article_id, version)
);
alter table enquiry add constraint enquiry_article_is_there
    foreign key (article_id, article_version) references article_version (article_id, version);
create index enquiry_article on enquiry (article_id) where article_id is not null;
grant select, insert, update on article to suifang_app;
grant select, insert on article_version to suifang_app;

-- 呼入黑名单, never one with do_not_call: who may not call us. By number, as that list is.
create table blocklist (
    e164 text primary key constraint blocklist_is_e164 check (e164 ~ '^\+[1-9][0-9]{6,14}$'),
    reason text not null constraint blocklist_has_reason check (reason <> ''),
    by_whom text not null,
    at timestamptz not null,
    -- The last day on which it holds; null: until somebody takes it off.
    until_on date,
    revoked_at timestamptz,
    revoked_by text
);
create table blocked_call (
    blocked_call_id uuid primary key,
    e164 text not null,
    trunk text,
    at timestamptz not null,
    reason text not null
);
create index blocked_call_at on blocked_call (at desc);
grant select, insert, update on blocklist to suifang_app;
grant select, insert on blocked_call to suifang_app;

insert into role_module (role, module)
select role, unnest(string_to_array(modules, ' ')) from (values
    ('agent', 'complaints enquiries articles'),
    ('nurse', 'complaints enquiries articles'),
    ('doctor', 'complaints enquiries articles'),
    ('supervisor', 'complaints enquiries articles blocklist'),
    ('sys_admin', 'complaints enquiries articles blocklist')
) as r (role, modules)
where exists (select from role k where k.code = r.role)
on conflict do nothing;

-- 通话记录: a call with whose it was and what it came to. The machine calls for everybody but
-- who asked for a ring at the bedside.
create view call_history with (security_invoker = true) as
select c.call_id, c.direction, coalesce(r.asked_by, 'ivr') as agent, c.remote, c.person_id,
    c.department_id, c.started_at, c.answered_at, c.ended_at, c.end_why,
    coalesce(a.outcome, r.outcome, case when c.ended_at is null then 'live'
        when c.answered_at is null then 'not_answered' else 'answered' end) as result
from call c left join attempt a using (attempt_id) left join ring_test r on r.call_id = c.call_id;
create unique index ring_test_of_call on ring_test (call_id) where call_id is not null;
grant select on call_history to suifang_app;
