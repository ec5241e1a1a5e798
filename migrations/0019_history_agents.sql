-- 通话记录: a call that a person of ours talked in is theirs, not the machine's.
create or replace view call_history with (security_invoker = true) as
select c.call_id, c.direction, coalesce(g.login, r.asked_by, 'ivr') as agent, c.remote, c.person_id,
    c.department_id, c.started_at, c.answered_at, c.ended_at, c.end_why,
    coalesce(a.outcome, r.outcome, case when c.ended_at is null then 'live'
        when c.answered_at is null then 'not_answered' else 'answered' end) as result
from call c left join attempt a using (attempt_id) left join ring_test r on r.call_id = c.call_id
    left join account g on g.user_id = c.agent;
