-- Agents, queues, and what came of both. What an agent is doing now is derived from facts in
-- memory; here is only who may be rung where, and the record of what was.

create table queue (
    code text primary key constraint queue_code_form check (code ~ '^[a-z][a-z0-9_]{0,30}$'),
    name text not null constraint queue_name_present check (name <> ''),
    strategy text not null default 'longest_idle' constraint queue_strategy_known
        check (strategy in ('longest_idle', 'fewest_calls', 'round_robin', 'ring_all')),
    priority smallint not null default 0
        constraint queue_priority_plausible check (priority between -100 and 100),
    ring_s integer not null default 20 constraint queue_ring_plausible check (ring_s between 5 and 60),
    wait_max_s integer not null default 180
        constraint queue_wait_plausible check (wait_max_s between 10 and 3600),
    announce_s integer not null default 30
        constraint queue_announce_plausible check (announce_s between 10 and 600),
    waiting_max integer not null default 20
        constraint queue_waiting_plausible check (waiting_max between 1 and 500),
    own_first boolean not null default true,
    updated_at timestamptz not null,
    updated_by text not null
);

create table agent (
    user_id uuid primary key references account,
    -- A phone that registers with us, an extension of the PBX, or any number through a trunk.
    endpoint_kind text not null
        constraint agent_endpoint_known check (endpoint_kind in ('phone', 'extension', 'number')),
    endpoint text not null constraint agent_endpoint_present check (endpoint <> ''),
    wrap_up_s integer not null default 60
        constraint agent_wrap_up_plausible check (wrap_up_s between 0 and 1800),
    updated_at timestamptz not null,
    updated_by text not null,
    constraint agent_endpoint_once unique (endpoint)
);

create table queue_agent (
    queue text not null references queue on delete cascade,
    user_id uuid not null references agent on delete cascade,
    -- 5 is rung first.
    skill smallint not null default 3
        constraint queue_agent_skill_known check (skill between 1 and 5),
    primary key (queue, user_id)
);

-- 座席状态: each span of a state. The one without an end goes on.
create table agent_spell (
    spell_id bigint generated always as identity primary key,
    user_id uuid not null references account,
    state text not null,
    why text,
    began_at timestamptz not null,
    ended_at timestamptz,
    owner_node text not null,
    owner_epoch bigint not null
);
create index agent_spell_user on agent_spell (user_id, began_at desc);
create index agent_spell_open on agent_spell (owner_node, owner_epoch) where ended_at is null;

alter table call
    -- Who talked, last of all; absent: no person of ours did.
    add column agent uuid references account,
    -- 话后小结.
    add column note text;
create index call_agent on call (agent, started_at desc) where agent is not null;
alter table leg add column user_id uuid references account;

create table queue_visit (
    visit_id uuid primary key,
    call_id uuid not null references call,
    queue text not null,
    entered_at timestamptz not null,
    left_at timestamptz not null,
    result text not null constraint queue_visit_result_known
        check (result in ('answered', 'gave_up', 'nobody', 'callback')),
    why text,
    agent uuid references account
);
create index queue_visit_entered on queue_visit (entered_at desc);
create index queue_visit_call on queue_visit (call_id);
alter table queue_visit enable row level security;
alter table queue_visit force row level security;
create policy by_call on queue_visit using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from call c where c.call_id = queue_visit.call_id));

grant select, insert, update, delete on queue, agent, queue_agent to suifang_app;
grant select, insert, update on agent_spell to suifang_app;
grant select, insert on queue_visit to suifang_app;

insert into queue (code, name, updated_at, updated_by) values
    ('centre', '随访中心', '2025-01-01T00:00:00Z', 'setup'),
    ('enquiry', '用药与复查咨询', '2025-01-01T00:00:00Z', 'setup'),
    ('complaint', '意见与投诉', '2025-01-01T00:00:00Z', 'setup'),
    ('duty', '夜间值班', '2025-01-01T00:00:00Z', 'setup');

insert into role_module (role, module)
select role, unnest(string_to_array(modules, ' ')) from (values
    ('agent', 'desk'), ('nurse', 'desk'), ('doctor', 'desk'),
    ('supervisor', 'desk board queues'), ('sys_admin', 'desk board queues')
) as r (role, modules) on conflict do nothing;
