-- One row for each discharge, with how far its follow-up came. The reports count over it;
-- it sees what its reader may see.

create view follow_up_case with (security_invoker = true) as
select a.admission_id, a.person_id, a.department_id, d.name as department, a.ward, a.attending,
    p.name, a.admission_no, a.discharged_on,
    (select left(g.icd, 3) from diagnosis g where g.admission_id = a.admission_id
        order by g.position limit 1) as disease,
    -- Discharged alive, not transferred, not refused, not back in the window of 14 days.
    a.disposition not in (2, 5) and a.cancelled_at is null
        and (p.died_on is null or p.died_on > a.discharged_on + 14)
        and not exists (select from admission r where r.person_id = a.person_id
            and r.admission_id <> a.admission_id and r.cancelled_at is null
            and r.admitted_on between a.discharged_on and a.discharged_on + 14)
        and not exists (select from consent c where c.person_id = a.person_id
            and c.scope = 'call' and c.decision <> 'given' and c.at::date <= a.discharged_on + 14)
        as eligible,
    f.task_id, f.done_on, f.done_by, f.done_channel, f.evidence, f.respondent, f.late_entry,
    f.last_outcome, f.state,
    coalesce(f.state = 'completed'
        and f.respondent in ('self', 'informed_relative', 'guardian'), false) as completed,
    coalesce(f.state = 'partial', false) as partial,
    coalesce(f.state = 'completed' and f.done_on <= a.discharged_on + 14
        and f.respondent in ('self', 'informed_relative', 'guardian'), false) as in_time,
    exists (select from contact c join number n using (contact_id)
        where c.person_id = a.person_id) as has_number,
    exists (select from contact c join number n using (contact_id)
        where c.person_id = a.person_id and n.state not in ('invalid', 'blocked')) as valid_number,
    exists (select from attempt t join task k using (task_id)
        where k.admission_id = a.admission_id) as dialled,
    coalesce(f.state in ('completed', 'partial'), false)
        or exists (select from attempt t join task k using (task_id)
        where k.admission_id = a.admission_id and t.answered) as answered,
    coalesce(f.state in ('completed', 'partial'), false)
        or exists (select from attempt t join task k using (task_id)
        where k.admission_id = a.admission_id
          and t.outcome in ('completed', 'partial', 'break_off', 'refused', 'postponed', 'unable'))
        as right_person
from admission a join person p using (person_id) join department d using (department_id)
    -- The first contact: the follow-up that was done first, or that will be.
    left join lateral (select t.task_id, t.done_on, t.done_by, t.done_channel, t.evidence,
            t.respondent, t.late_entry, t.last_outcome, t.state
        from task t where t.admission_id = a.admission_id and t.kind = 'follow_up'
            and t.type <> 'notice' and t.level = 1
        order by t.state <> 'completed', t.state <> 'partial', t.done_on, t.sequence nulls last
        limit 1) f on true
where a.discharged_on is not null;

grant select on follow_up_case to suifang_app;
create index task_first_contact on task (admission_id, kind, level);
