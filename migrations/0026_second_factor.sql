-- 动态口令 (RFC 6238): a second factor of the sign-in, and the codes for when it is lost.
alter table role add needs_second_factor boolean not null default false;

create table second_factor (
    user_id uuid primary key references account,
    -- AES-256-GCM; the key is in the data folder, not here.
    secret_sealed bytea not null,
    -- Until then it is being set up, and asked of nobody.
    confirmed_at timestamptz,
    -- The step of the last code that was good: a code is good once.
    last_step bigint not null default 0,
    created_at timestamptz not null
);
create table recovery_code (
    user_id uuid not null references second_factor on delete cascade,
    code_sha256 text not null,
    used_at timestamptz,
    primary key (user_id, code_sha256)
);
alter table web_session
    -- `code`: the password was good, the code is not there yet; `enrol`: the role asks for a
    -- second factor, and this person has none.
    add needs text constraint web_session_needs_known check (needs in ('code', 'enrol')),
    add wrong_codes smallint not null default 0;

grant select, insert, update, delete on second_factor, recovery_code to suifang_app;
