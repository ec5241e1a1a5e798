-- The rights of a person over what is stored of them: restricted, and erased by two people.
alter table person
    add column restricted_at timestamptz,
    add column restricted_why text,
    add column restricted_by text,
    add column erased_at timestamptz,
    add constraint person_restricted_whole check (num_nulls(restricted_at, restricted_why, restricted_by) in (0, 3));

alter table plan drop constraint plan_end_known;
alter table plan add constraint plan_end_known check (end_reason in ('finished', 'died', 'lost',
    'refused', 'readmitted', 'discharge_cancelled', 'replaced', 'stopped', 'restricted', 'erased'));

-- Asked for by one person, done by another.
create table erasure (
    erasure_id uuid primary key,
    person_id uuid not null references person,
    reason text not null constraint erasure_has_reason check (reason <> ''),
    asked_by text not null,
    asked_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    withdrawn_by text,
    withdrawn_at timestamptz,
    constraint erasure_confirmed_by_another check (confirmed_by is null or confirmed_by <> asked_by),
    constraint erasure_ends_once check (confirmed_at is null or withdrawn_at is null)
);
create unique index erasure_one_open on erasure (person_id)
    where confirmed_at is null and withdrawn_at is null;
alter table erasure enable row level security;
alter table erasure force row level security;
create policy by_person on erasure using (
    current_setting('suifang.departments', true) = '*'
    or exists (select from admission a where a.person_id = erasure.person_id));
create policy own_only on erasure as restrictive using (
    coalesce(current_setting('suifang.own', true), '') = ''
    or exists (select from admission a where a.person_id = erasure.person_id));
grant select, insert, update on erasure to suifang_app;

-- What tells who somebody is goes; what counts stays: stays, diagnoses, dials, coded answers.
-- The owner's, because some of these tables are never rewritten otherwise; and only for an
-- erasure that a second person has confirmed.
create function erase_person(wanted uuid) returns void
language plpgsql security definer set search_path = public as $$
declare
    of_whom uuid;
    people uuid[];
    gone constant text := '已删除';
begin
    select person_id into of_whom from erasure
    where erasure_id = wanted and confirmed_at is not null;
    if of_whom is null then
        raise exception 'this erasure is not confirmed';
    end if;
    select array_agg(person_id) into people from person
    where person_id = of_whom or merged_into = of_whom;

    -- The hospital's own messages, found by what they call this person.
    update hospital_message set bytes = '' where exists (
        select from (
            select record_no as mark from person where person_id = any (people)
            union select id_card from person where person_id = any (people)
            union select admission_no from admission where person_id = any (people)) m
        where length(m.mark) > 3 and position(convert_to(m.mark, 'UTF8') in hospital_message.bytes) > 0);

    delete from person_sound where person_id = any (people);
    update attempt set e164 = '' where person_id = any (people);
    update ring_test set e164 = '' where person_id = any (people);
    -- Never a number that anybody has: no country has the code 999.
    update number n set e164 = '+999' || lpad((1000000 + o.place)::text, 9, '0'), extension = null,
        raw = '', state = 'invalid'
    from (select number_id, row_number() over (order by number_id) as place from number
          where contact_id in (select contact_id from contact where person_id = any (people))) o
    where n.number_id = o.number_id;
    update contact set name = null where person_id = any (people);
    update admission set admission_no = 'erased-' || admission_id, follow_up_no = null, bed = null
    where person_id = any (people);
    update call set remote = '', note = null where person_id = any (people);
    update voicemail set remote = '' where person_id = any (people);
    update answer set value_text = null where person_id = any (people);
    update amendment set old_value = 'null', new_value = 'null', reason = gone
    where answer_id in (select answer_id from answer where person_id = any (people));
    update opinion set note = null where person_id = any (people);
    update alert set action = null where person_id = any (people) and state <> 'closed';
    update alert set action = gone where person_id = any (people) and state = 'closed' and action is not null;
    update alert_step set note = null
    where alert_id in (select alert_id from alert where person_id = any (people));
    update past_follow_up set result = null, note = null where person_id = any (people);
    update change_history set old_value = null, new_value = null, reason = null
    where person_id = any (people);
    update decision set facts = '{}' where person_id = any (people);
    update complaint set what = gone, complainant = null, e164 = null,
        answer = case when answer is null then null else gone end
    where person_id = any (people);
    update complaint_step set note = null
    where complaint_id in (select complaint_id from complaint where person_id = any (people));
    update enquiry set question = gone, caller = null, e164 = null,
        answer = case when answer is null then null else gone end
    where person_id = any (people);
    update quality_review set remark = null where recording_id in (select recording_id
        from recording r join call c using (call_id) where c.person_id = any (people));
    -- The year of birth stays: reports are by age.
    update person set record_no = null, id_card = null, name = gone, name_reading = null,
        birth_date = date_trunc('year', birth_date)::date, work_address = null,
        home_address = null, communication_mark = null, told_phone = null,
        automatic_contact_stopped_at = coalesce(automatic_contact_stopped_at, confirmed.at),
        automatic_contact_stopped_why = coalesce(automatic_contact_stopped_why, 'erased'),
        restricted_at = coalesce(restricted_at, confirmed.at),
        restricted_why = coalesce(restricted_why, 'erased'),
        restricted_by = coalesce(restricted_by, confirmed.by_whom),
        erased_at = confirmed.at, updated_at = confirmed.at
    from (select confirmed_at as at, confirmed_by as by_whom from erasure
          where erasure_id = wanted) confirmed
    where person_id = any (people);
end $$;
revoke execute on function erase_person(uuid) from public;
grant execute on function erase_person(uuid) to suifang_app;

insert into role_module (role, module)
select code, 'person_rights' from role where code in ('supervisor', 'sys_admin') on conflict do nothing;
