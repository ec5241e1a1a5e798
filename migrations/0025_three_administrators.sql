-- Three administrators (三员): of the system, of security, of the audit. No role holds the
-- modules of two of them, and an account has one role. Who may see a value in clear.

-- Made before the duties were apart: it goes on as it was, so that an upgrade locks nobody
-- out, until somebody separates the duties for good.
alter table role add is_whole boolean not null default false;

create function administrator_of(module text) returns text language sql immutable as $$
    select case
        when module in ('trunks', 'interfaces') then 'system'
        when module in ('users', 'roles') then 'security'
        when module = 'audit' then 'audit'
    end
$$;

update role set is_whole = true
where (select count(distinct administrator_of(m.module)) from role_module m
       where m.role = role.code) > 1
   or exists (select from role_module m where m.role = role.code and m.module = 'audit');

create function role_whole_is_past() returns trigger language plpgsql as $$
begin
    if new.is_whole and (tg_op = 'INSERT' or not old.is_whole) then
        raise exception 'no role becomes whole again'
            using errcode = 'check_violation', constraint = 'role_whole_is_past';
    end if;
    return new;
end $$;
create trigger role_whole_is_past before insert or update on role
    for each row execute function role_whole_is_past();

create function role_duties_apart() returns trigger language plpgsql as $$
begin
    if exists (select from role r where r.code = new.role and r.is_whole) then
        return null;
    end if;
    if (select count(distinct administrator_of(m.module)) from role_module m
        where m.role = new.role) > 1 then
        raise exception 'a role holds the modules of one administrator'
            using errcode = 'check_violation', constraint = 'role_duties_apart';
    end if;
    if exists (select from role_module m where m.role = new.role and m.module = 'audit')
       and exists (select from role_module m
                   where m.role = new.role and m.module not in ('audit', 'home')) then
        raise exception 'whoever reads the audit does nothing else'
            using errcode = 'check_violation', constraint = 'role_auditor_reads_only';
    end if;
    return null;
end $$;
create trigger role_duties_apart after insert or update on role_module
    for each row execute function role_duties_apart();

-- A hospital may have roles by these names already: then they stay as they are.
with made as (
    insert into role (code, name) values
        ('system_admin', '系统管理员(三员)'), ('security_admin', '安全管理员'),
        ('audit_admin', '审计管理员')
    on conflict (code) do nothing returning code
)
insert into role_module (role, module)
select made.code, unnest(string_to_array(r.modules, ' ')) from made join (values
    ('system_admin', 'home policies dialplans prompts departments interfaces trunks queues'),
    ('security_admin', 'home users roles'),
    ('audit_admin', 'home audit')
) as r (role, modules) on r.role = made.code;

-- Until now whoever had a patient's page saw his numbers. Agents dial by a click.
insert into role_module (role, module)
select role, 'clear' from role_module where module = 'patients' and role <> 'agent'
on conflict do nothing;

create index audit_at on audit (at desc, audit_id desc);
