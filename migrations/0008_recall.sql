-- Who is called again because of what a version of a questionnaire said: once a person.
create table recall (
    questionnaire text not null,
    questionnaire_sha256 text not null,
    person_id uuid not null references person,
    task_id uuid not null references task,
    reason text not null constraint recall_has_reason check (reason <> ''),
    by_whom text not null,
    at timestamptz not null,
    primary key (questionnaire, questionnaire_sha256, person_id)
);
create index answer_version on answer (questionnaire, questionnaire_sha256, at);

alter table recall enable row level security;
alter table recall force row level security;
create policy by_person on recall using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from admission a where a.person_id = recall.person_id));
grant select, insert on recall to suifang_app;
