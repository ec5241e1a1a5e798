-- The SIP lab: the messages of each call as the wire had them, without credentials and keys.
-- They hold patients' numbers and are seen by whoever sees the call; after some days the
-- janitor takes them away (`limits.sip_lab_days`).
create table sip_message (
    message_id bigint generated always as identity primary key,
    call_id uuid not null references call on delete cascade,
    -- Of which leg: `patient`, `agent` and so on, as in `leg.role`.
    role text not null,
    at timestamptz not null,
    -- We sent it.
    is_ours boolean not null,
    transport text not null
        constraint sip_message_transport_known check (transport in ('udp', 'tcp', 'tls')),
    -- Address and port.
    local text not null,
    remote text not null,
    sip_call_id text not null,
    -- Absent: a request.
    status smallint,
    -- Of CSeq, with its method.
    cseq bigint not null,
    method text not null,
    message text not null,
    -- Longer than is kept.
    is_cut boolean not null
);
create index sip_message_call on sip_message (call_id, message_id);
create index sip_message_at on sip_message (at);
alter table sip_message enable row level security;
alter table sip_message force row level security;
create policy by_call on sip_message using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from call c where c.call_id = sip_message.call_id));
grant select, insert, delete on sip_message to suifang_app;

-- What whoever looks for a fault in the sound asks next.
alter table leg
    add column first_rtp_at timestamptz,
    -- The longest time without any packet.
    add column gap_max_ms integer,
    -- As RTCP measured it; absent: the far side does not report.
    add column round_trip_ms integer;

-- Whoever is erased leaves no number here either.
create function erase_sip_messages() returns trigger language plpgsql as $$
begin
    delete from sip_message where call_id in
        (select call_id from call where person_id = new.person_id);
    return null;
end $$;
create trigger erase_sip_messages after update of erased_at on person
    for each row when (old.erased_at is null and new.erased_at is not null)
    execute function erase_sip_messages();

insert into role_module (role, module)
select code, 'signalling' from role where code in ('sys_admin', 'system_admin')
on conflict do nothing;
