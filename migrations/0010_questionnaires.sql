-- 随访系列: questionnaires that the hospital, a department or a ward keeps in the record. A
-- version is content that never changes once it is published.

create table series (
    code text primary key constraint series_code_form check (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    name text not null constraint series_name_present check (name <> ''),
    owner text not null
        constraint series_owner_known check (owner in ('hospital', 'department', 'ward')),
    -- Of a ward's series: the department that runs the ward.
    department_id uuid references department,
    ward_id uuid references ward,
    created_at timestamptz not null,
    created_by text not null,
    constraint series_owner_is_told check (
        (owner = 'hospital') = (department_id is null) and (owner = 'ward') = (ward_id is not null))
);

create table series_version (
    code text not null references series,
    version integer not null constraint series_version_positive check (version > 0),
    state text not null constraint series_version_state_known
        check (state in ('draft', 'published', 'withdrawn')),
    body text not null,
    sha256 text not null,
    -- `questionnaire:discharge_general`, `series:onc/3`: where it was cloned from.
    based_on text,
    author text not null,
    reason text not null constraint series_version_has_reason check (reason <> ''),
    at timestamptz not null,
    published_by text,
    published_at timestamptz,
    withdrawn_by text,
    withdrawn_at timestamptz,
    withdrawn_why text,
    primary key (code, version)
);
create unique index series_version_one_draft on series_version (code) where state = 'draft';
create index series_version_sha on series_version (sha256);

create function series_version_stays() returns trigger language plpgsql as $$
begin
    if old.state <> 'draft' and (new.body <> old.body or new.sha256 <> old.sha256
            or new.state = 'draft' or (old.state = 'withdrawn' and new.state <> 'withdrawn')) then
        raise exception 'a published version stays as it is'
            using errcode = 'check_violation', constraint = 'series_version_stays';
    end if;
    return new;
end $$;
create trigger series_version_stays before update on series_version
    for each row execute function series_version_stays();

-- The versions that a run was made with.
create table run_content (
    run_id uuid not null references run,
    kind text not null,
    name text not null,
    sha256 text not null,
    primary key (run_id, kind, name),
    foreign key (kind, name, sha256) references content
);

-- The hospital's series are read by all and changed by those who see the whole hospital; a
-- department's by its own people alone.
alter table series enable row level security;
alter table series force row level security;
create policy read on series for select using (owner = 'hospital' or in_scope(department_id));
create policy make on series for insert with check (in_scope(department_id));
create policy change on series for update using (in_scope(department_id))
    with check (in_scope(department_id));
alter table series_version enable row level security;
alter table series_version force row level security;
create policy read on series_version for select using (
    exists (select from series s where s.code = series_version.code));
create policy make on series_version for insert with check (
    exists (select from series s where s.code = series_version.code
        and in_scope(s.department_id)));
create policy change on series_version for update using (
    exists (select from series s where s.code = series_version.code
        and in_scope(s.department_id)));
grant select, insert, update on series, series_version to suifang_app;
grant select, insert on run_content to suifang_app;

-- Which advice a rule gave for an answer, in the words that were said.
alter table answer add advice text;

-- 专题: a cohort by its filter; fixed keeps its members, live asks anew each time.
create table topic (
    topic_id uuid primary key,
    name text not null constraint topic_name_present check (name <> ''),
    kind text not null constraint topic_kind_known check (kind in ('fixed', 'live')),
    filter jsonb not null,
    -- Whose it is; absent: of those who see the whole hospital.
    department_id uuid references department,
    created_at timestamptz not null,
    created_by text not null
);
create table topic_member (
    topic_id uuid not null references topic,
    admission_id uuid not null references admission,
    primary key (topic_id, admission_id)
);
alter table topic enable row level security;
alter table topic force row level security;
create policy by_department on topic using (in_scope(department_id))
    with check (in_scope(department_id));
alter table topic_member enable row level security;
alter table topic_member force row level security;
create policy by_topic on topic_member using (
    exists (select from topic t where t.topic_id = topic_member.topic_id));
grant select, insert on topic, topic_member to suifang_app;
-- What cohorts ask for.
create index diagnosis_icd on diagnosis (icd text_pattern_ops);
create index answer_item on answer (link_id, option_code);

-- What was agreed with a patient: a return visit that a doctor advised, an admission, an
-- examination. A notice tells of it some days before.
create table appointment (
    appointment_id uuid primary key,
    person_id uuid not null references person,
    admission_id uuid references admission,
    department_id uuid references department,
    kind text not null constraint appointment_kind_known
        check (kind in ('return_visit', 'admission', 'examination')),
    planned_on date not null,
    -- A visit so many days before or after still is this one.
    window_days smallint not null default 7
        constraint appointment_window_known check (window_days between 0 and 90),
    state text not null constraint appointment_state_known
        check (state in ('planned', 'attended', 'missed', 'cancelled')),
    attended_on date,
    why text,
    made_by text not null,
    made_at timestamptz not null,
    changed_by text,
    changed_at timestamptz,
    constraint appointment_attended_has_day check ((state = 'attended') = (attended_on is not null))
);
create index appointment_person on appointment (person_id, planned_on);
create index appointment_planned on appointment (planned_on) where state = 'planned';
alter table appointment enable row level security;
alter table appointment force row level security;
create policy by_department on appointment using (in_scope(department_id))
    with check (in_scope(department_id));
grant select, insert, update on appointment to suifang_app;

-- A notice is a task of its own type, outside the follow-up rate.
alter table task
    add about_task uuid references task,
    add about_appointment uuid references appointment,
    add constraint task_notice_is_about_something check (
        (about_task is null and about_appointment is null) or type = 'notice');
create index task_notice on task (deadline_on) where type = 'notice';
create unique index task_one_notice_of_task on task (about_task, scheduled_on)
    where about_task is not null;
create unique index task_one_notice_of_appointment on task (about_appointment, scheduled_on)
    where about_appointment is not null;

-- What a doctor changed after a result: treatment, rhythm, return visit.
create table adjustment (
    adjustment_id uuid primary key,
    task_id uuid not null references task,
    person_id uuid not null references person,
    department_id uuid references department,
    treatment text not null constraint adjustment_has_treatment check (treatment <> ''),
    -- From now on every so many days.
    every_days integer,
    recheck_on date,
    reason text not null constraint adjustment_has_reason check (reason <> ''),
    by_whom text not null,
    at timestamptz not null
);
create index adjustment_person on adjustment (person_id, at);
alter table adjustment enable row level security;
alter table adjustment force row level security;
create policy by_department on adjustment using (in_scope(department_id))
    with check (in_scope(department_id));
grant select, insert on adjustment to suifang_app;

-- PDCA: why something is as it is (a fishbone), what is done about it by whom and until
-- when, and what came of it.
create table pdca (
    pdca_id uuid primary key,
    title text not null constraint pdca_title_present check (title <> ''),
    -- Absent: the whole hospital's.
    department_id uuid references department,
    target_percent numeric not null
        constraint pdca_target_is_percent check (target_percent between 0 and 100),
    before_from date not null,
    before_to date not null,
    after_from date not null,
    after_to date not null,
    created_at timestamptz not null,
    created_by text not null,
    constraint pdca_periods_in_order check (before_from <= before_to and before_to < after_from
        and after_from <= after_to)
);
create table pdca_cause (
    cause_id uuid primary key,
    pdca_id uuid not null references pdca,
    -- Absent: a bone of its own.
    parent uuid references pdca_cause,
    what text not null constraint pdca_cause_present check (what <> ''),
    is_root boolean not null default false,
    created_at timestamptz not null,
    created_by text not null
);
create index pdca_cause_of on pdca_cause (pdca_id, created_at);
create table pdca_measure (
    measure_id uuid primary key,
    pdca_id uuid not null references pdca,
    cause_id uuid references pdca_cause,
    what text not null constraint pdca_measure_present check (what <> ''),
    owner text not null constraint pdca_measure_has_owner check (owner <> ''),
    due_on date not null,
    done_on date,
    effect text,
    created_at timestamptz not null,
    created_by text not null,
    changed_at timestamptz,
    changed_by text
);
create index pdca_measure_of on pdca_measure (pdca_id, due_on);
do $$
declare noun text;
begin
    alter table pdca enable row level security;
    alter table pdca force row level security;
    create policy by_department on pdca using (in_scope(department_id))
        with check (in_scope(department_id));
    foreach noun in array array['pdca_cause', 'pdca_measure']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
        execute format('create policy by_pdca on %I using (
            exists (select from pdca p where p.pdca_id = %I.pdca_id))', noun, noun);
    end loop;
end $$;
grant select, insert on pdca to suifang_app;
grant select, insert, update on pdca_cause, pdca_measure to suifang_app;

-- A doctor or nurse who sees own patients only: `suifang.own` is set for each transaction by
-- store::Scope to the names by which the hospital's records call this person. Empty: no
-- further limit than the department.
alter table account add own_patients_only boolean not null default false;
create policy own_only on admission as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or attending = any (string_to_array(current_setting('suifang.own', true), E'\n'))
    or responsible_nurse = any (string_to_array(current_setting('suifang.own', true), E'\n')));
do $$
declare noun text;
begin
    foreach noun in array array['person', 'contact', 'consent', 'task', 'attempt', 'call', 'answer',
        'alert', 'plan', 'opinion', 'decision', 'change_history', 'past_follow_up', 'person_sound',
        'appointment', 'adjustment']
    loop
        execute format('create policy own_only on %I as restrictive using (
            coalesce(current_setting(''suifang.own'', true), '''') = ''''
            or exists (select from admission a where a.person_id = %I.person_id))', noun, noun);
    end loop;
    foreach noun in array array['diagnosis', 'operation']
    loop
        execute format('create policy own_only on %I as restrictive using (
            coalesce(current_setting(''suifang.own'', true), '''') = ''''
            or exists (select from admission a where a.admission_id = %I.admission_id))', noun, noun);
    end loop;
    create policy own_only on number as restrictive using (
        coalesce(current_setting('suifang.own', true), '') = ''
        or exists (select from contact c where c.contact_id = number.contact_id));
    create policy own_only on recording as restrictive using (
        coalesce(current_setting('suifang.own', true), '') = ''
        or exists (select from call c where c.call_id = recording.call_id));
end $$;
