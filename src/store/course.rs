//! 病程: what happened to a person, in order (row F108).

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::PersonId;

/// One line of it. `what` and `note` are words of the record, by `kind`.
pub struct Event {
    pub on: NaiveDate,
    pub kind: String,
    pub what: Option<String>,
    pub note: Option<String>,
    pub who: Option<String>,
    pub task_id: Option<Uuid>,
}

/// The earliest first. `zone`: the hospital's, for what has a time.
pub async fn of_person(
    scope: &mut Scope,
    person: PersonId,
    zone: &str,
    limit: i64,
) -> Result<Vec<Event>> {
    Ok(sqlx::query_as!(
        Event,
        r#"with stay as (
             select a.admission_id, a.admitted_on, a.discharged_on, a.disposition, a.attending,
                 a.admission_no, d.icd, d.name
             from admission a left join diagnosis d
                 on d.admission_id = a.admission_id and d.position = 0
             where a.person_id = $1 and a.cancelled_at is null),
         it as (
             select min(admitted_on) as on_day, 0 as place, 'onset' as kind,
                 (array_agg(name order by admitted_on) filter (where name is not null))[1] as what,
                 (array_agg(icd order by admitted_on) filter (where icd is not null))[1] as note,
                 null::text as who, null::uuid as task_id from stay
             union all
             select admitted_on, 1, 'admitted', name, admission_no, attending, null from stay
             union all
             select coalesce(o.performed_on, s.admitted_on), 2, 'operation', o.name, o.code,
                 o.operator, null from operation o join stay s using (admission_id)
             union all
             select discharged_on, 3, 'discharged', name, disposition::text, attending, null
             from stay
             union all
             select done_on, 4, 'past_follow_up', result, note, by_whom, null
             from past_follow_up where person_id = $1
             union all
             select t.done_on, 5, 'follow_up', coalesce(t.last_outcome, t.state),
                 t.done_channel, t.done_by, t.task_id
             from task t where t.person_id = $1 and t.done_on is not null
             union all
             select coalesce(t.done_on, (o.proposed_at at time zone $2)::date), 6, 'opinion',
                 coalesce(o.confirmed, o.proposed),
                 case when o.confirmed is null then 'proposed' else 'confirmed' end,
                 o.confirmed_by, o.task_id
             from opinion o join task t using (task_id) where o.person_id = $1
             union all
             select (raised_at at time zone $2)::date, 7, 'alert', item_text, level,
                 closed_by, task_id from alert where person_id = $1
             union all
             select (at at time zone $2)::date, 8, 'adjustment', treatment, reason, by_whom, task_id
             from adjustment where person_id = $1
             union all
             select coalesce(attended_on, planned_on), 9, 'appointment', kind, state,
                 coalesce(changed_by, made_by), null from appointment where person_id = $1
             union all
             select (ended_at at time zone $2)::date, 10, 'plan_ended', template, end_reason,
                 null, null
             from plan where person_id = $1 and state <> 'active' and ended_at is not null
             union all
             select died_on, 11, 'died', null, null, null, null from person where person_id = $1)
           select on_day as "on!", kind as "kind!", what, note, who, task_id
           from it where on_day is not null order by on_day, place limit $3"#,
        person.as_uuid(),
        zone,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
