-- 质检: what a conversation is judged by, samples of recordings drawn by a seed, and who
-- scored whom. 封存 and 销毁 of recordings.

create table quality_template (
    code text not null,
    version integer not null constraint quality_template_version_positive check (version > 0),
    name text not null constraint quality_template_has_name check (name <> ''),
    -- Items with their weights, which make 100.
    items jsonb not null,
    created_at timestamptz not null,
    created_by text not null,
    primary key (code, version)
);
create table quality_draw (
    draw_id uuid primary key,
    template text not null,
    template_version integer not null,
    department_id uuid references department,
    from_on date not null,
    to_on date not null,
    seed bigint not null,
    wanted integer not null constraint quality_draw_wants_some check (wanted > 0),
    population integer not null,
    drawn_by text not null,
    drawn_at timestamptz not null,
    foreign key (template, template_version) references quality_template (code, version)
);
create table quality_review (
    review_id uuid primary key,
    recording_id uuid not null references recording,
    -- Of the recording, for who may see it.
    department_id uuid references department,
    draw_id uuid references quality_draw,
    position integer not null default 0,
    template text not null,
    template_version integer not null,
    -- Whose call it was: a login, or `ivr`.
    agent text not null,
    opened_by text not null,
    opened_at timestamptz not null,
    scores jsonb,
    total numeric(4, 1) constraint quality_review_total_is_percent check (total between 0 and 100),
    failed_by text,
    remark text,
    reviewer text,
    scored_at timestamptz,
    foreign key (template, template_version) references quality_template (code, version),
    constraint quality_review_once unique nulls not distinct (recording_id, template, draw_id),
    constraint quality_review_scored_by_somebody check ((total is null) = (reviewer is null)
        and (total is null) = (scored_at is null) and (total is null) = (scores is null)),
    constraint quality_review_of_others check (reviewer is distinct from agent)
);
create index quality_review_of_draw on quality_review (draw_id, position);
create index quality_review_scored on quality_review (scored_at) where scored_at is not null;

-- 封存: held recordings stay, whatever the retention says. By whom, why, and who let it go.
create table recording_hold (
    hold_id uuid primary key,
    recording_id uuid not null references recording,
    reason text not null constraint recording_hold_has_reason check (reason <> ''),
    held_by text not null,
    held_at timestamptz not null,
    released_by text,
    released_at timestamptz,
    release_reason text,
    constraint recording_hold_released_by_somebody
        check ((released_at is null) = (released_by is null)
            and (released_at is null) = (release_reason is null))
);
create unique index recording_hold_one_open on recording_hold (recording_id)
    where released_at is null;
alter table recording add erased_at timestamptz, add erased_why text;
create index recording_kept on recording (started_at) where state in ('finished', 'repaired');

-- The last word is the table's own: no way of erasing passes a hold.
create function recording_held() returns trigger language plpgsql as $$
begin
    if exists (select from recording_hold h
               where h.recording_id = new.recording_id and h.released_at is null) then
        raise exception 'the recording is held'
            using errcode = 'check_violation', constraint = 'recording_is_held';
    end if;
    return new;
end $$;
create trigger recording_stays_while_held before update on recording for each row
    when (new.state = 'destroyed' and old.state <> 'destroyed')
    execute function recording_held();

do $$
declare noun text;
begin
    foreach noun in array array['quality_draw', 'quality_review', 'recording_hold']
    loop
        execute format('alter table %I enable row level security', noun);
        execute format('alter table %I force row level security', noun);
    end loop;
end $$;
create policy by_department on quality_draw using (in_scope(department_id))
    with check (in_scope(department_id));
create policy by_department on quality_review using (in_scope(department_id))
    with check (in_scope(department_id));
create policy own_only on quality_review as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or exists (select from recording r where r.recording_id = quality_review.recording_id));
create policy by_recording on recording_hold using (
    exists (select from recording r where r.recording_id = recording_hold.recording_id));
grant select, insert on quality_template, quality_draw to suifang_app;
grant select, insert, update on quality_review, recording_hold to suifang_app;

insert into role_module (role, module)
select role, 'quality' from (values ('supervisor'), ('sys_admin')) as r (role)
where exists (select from role k where k.code = r.role)
on conflict do nothing;
