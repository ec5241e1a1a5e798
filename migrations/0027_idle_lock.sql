-- A page that nobody touches locks, and its forms are kept for whoever typed them.
alter table web_session add seen_at timestamptz, add locked_at timestamptz;
update web_session set seen_at = created_at;
alter table web_session alter seen_at set not null;

create table form_draft (
    login text not null references account (login),
    draft_key text not null constraint form_draft_key_short check (length(draft_key) between 1 and 200),
    body jsonb not null,
    saved_at timestamptz not null,
    primary key (login, draft_key)
);
-- Answers of patients stand in it: nobody but who typed them reads it.
alter table form_draft enable row level security;
alter table form_draft force row level security;
create policy own_alone on form_draft using (login = current_setting('suifang.login', true));
grant select, insert, update, delete on form_draft to suifang_app;
