//! Counts per cell: what the reports are made of. The mathematics is `stats`'.

mod follow_up;
mod symptoms;
mod workload;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

pub use follow_up::{Case, Cell, cases, causes, follow_up};
pub use symptoms::{Symptom, symptoms};
pub use workload::{Work, workload};

use super::{Result, Scope};

/// Who sees own patients only has no part in counts that are kept by department: theirs are
/// counted one by one.
async fn is_of_own_patients(scope: &mut Scope) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(current_setting('suifang.own', true), '') <> '' as "own!""#
    )
    .fetch_one(scope.connection())
    .await?)
}

#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

pub struct Count {
    pub word: String,
    pub count: i64,
}

/// The last outcome of each follow-up that was dialled in the period, for AAPOR's rates.
pub async fn outcomes(
    scope: &mut Scope,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"select outcome as "word!", count(*) as "count!" from (
               select distinct on (task_id) task_id, outcome from attempt
               where claimed_at >= $1 and claimed_at < $2 and state = 'ended'
                 and outcome not in ('trunk_fault', 'system_fault', 'uncertain')
               order by task_id, claimed_at desc) last
         group by 1 order by 2 desc, 1"#,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Marks {
    pub cell: Option<String>,
    pub n: i64,
    pub sum: f64,
    pub top: i64,
}

/// Scores of a questionnaire: 9 and the other blanks are in neither n nor mean.
pub async fn marks(
    scope: &mut Scope,
    questionnaire: &str,
    by: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Marks>> {
    Ok(sqlx::query_as!(
        Marks,
        r#"select case $2 when 'department' then d.name when 'item' then w.link_id
                 when 'operator' then w.recorded_by end as cell,
             count(*) as "n!", sum(w.score)::float8 as "sum!",
             count(*) filter (where w.score >= 4) as "top!"
         from answer w left join department d using (department_id)
         where w.questionnaire = $1 and w.status = 'answered' and w.score is not null
           and w.at >= $3 and w.at < $4
         group by 1 order by 1 nulls last"#,
        questionnaire,
        by,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Life {
    pub days: i32,
    pub died: bool,
    pub cell: Option<String>,
}

/// From each discharge to the death, or to the last day on which the patient was known of.
pub async fn lives(scope: &mut Scope, period: Period, by: &str, icd: &str) -> Result<Vec<Life>> {
    Ok(sqlx::query_as!(
        Life,
        r#"select greatest(0, coalesce(p.died_on, (select max(t.done_on) from task t
                 where t.person_id = a.person_id), a.discharged_on) - a.discharged_on) as "days!",
             p.died_on is not null as "died!",
             case $3 when 'sex' then p.sex when 'department' then d.name
                 when 'operation' then a.had_operation::text end as cell
         from admission a join person p using (person_id) join department d using (department_id)
         where a.discharged_on between $1 and $2 and a.cancelled_at is null
           and ($4 = '' or exists (select from diagnosis g where g.admission_id = a.admission_id
                 and g.icd like $4 || '%'))
         order by 3 nulls last, 1 limit 200000"#,
        period.from,
        period.to,
        by,
        icd
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct TypedEntry {
    pub task_id: Uuid,
    pub operator: String,
    pub entered_at: DateTime<Utc>,
    pub evidenced: bool,
    pub answers: String,
}

/// Follow-ups that people entered, with their answers as one text to be compared.
pub async fn typed_entries(
    scope: &mut Scope,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<TypedEntry>> {
    Ok(sqlx::query_as!(
        TypedEntry,
        r#"select t.task_id, t.done_by as "operator!", t.updated_at as entered_at,
             t.evidence in ('recording', 'call_record') as "evidenced!",
             coalesce((select string_agg(w.link_id || '=' || coalesce(w.option_code,
                     w.value_number::text, w.value_text, w.status), ';' order by w.link_id)
                 from answer w where w.task_id = t.task_id), '') as "answers!"
         from task t where t.kind = 'follow_up' and t.done_by is not null and t.done_by <> 'ivr'
           and t.updated_at >= $1 and t.updated_at < $2
         order by t.done_by, t.updated_at limit 50000"#,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct BadNumbers {
    pub reason: String,
    pub source: String,
    pub ward: Option<String>,
    pub count: i64,
}

/// Patients whose every number is bad, by why, from where and of which ward; and of how many.
pub async fn bad_numbers(scope: &mut Scope, period: Period) -> Result<(Vec<BadNumbers>, i64)> {
    let rows = sqlx::query_as!(
        BadNumbers,
        r#"select b.reason as "reason!", b.source as "source!", b.ward, count(*) as "count!"
         from (select distinct on (a.person_id) a.person_id, a.ward, n.source,
                   case n.state when 'blocked' then 'wrong_number' else 'not_in_service' end as reason
               from admission a join contact c on c.person_id = a.person_id and c.relation = 'self'
                   join number n using (contact_id)
               where a.discharged_on between $1 and $2 and n.state in ('invalid', 'blocked')
                 and not exists (select from number o join contact k using (contact_id)
                     where k.person_id = a.person_id and k.relation = 'self'
                       and o.state not in ('invalid', 'blocked'))
               order by a.person_id, n.state_at desc) b
         group by 1, 2, 3 order by 4 desc, 1, 2, 3"#,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?;
    let of = sqlx::query_scalar!(
        r#"select count(distinct a.person_id) as "count!" from admission a
             join contact c on c.person_id = a.person_id and c.relation = 'self'
             join number n using (contact_id)
         where a.discharged_on between $1 and $2"#,
        period.from,
        period.to
    )
    .fetch_one(scope.connection())
    .await?;
    Ok((rows, of))
}

pub struct Reconciled {
    pub department: String,
    pub month: Option<NaiveDate>,
    pub ours: i64,
    pub theirs: Option<i32>,
}

/// Discharges of ours beside the records office's figure, by department and month.
pub async fn reconciliation(scope: &mut Scope, period: Period) -> Result<Vec<Reconciled>> {
    Ok(sqlx::query_as!(
        Reconciled,
        r#"select d.name as department, m.month, m.ours as "ours!", f.discharges as "theirs?"
         from (select a.department_id, date_trunc('month', a.discharged_on)::date as month,
                   count(*) as ours
               from admission a where a.discharged_on between $1 and $2 and a.cancelled_at is null
               group by 1, 2) m
             join department d using (department_id)
             left join discharge_figure f on f.department_id = m.department_id and f.month = m.month
         order by d.name, m.month"#,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn put_figure(
    scope: &mut Scope,
    department: Uuid,
    month: NaiveDate,
    discharges: i32,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into discharge_figure (department_id, month, discharges, entered_by, entered_at)
         values ($1, date_trunc('month', $2::date)::date, $3, $4, $5)
         on conflict (department_id, month) do update set discharges = $3, entered_by = $4,
             entered_at = $5",
        department,
        month,
        discharges,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct ExportRow {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub admission_no: Option<String>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub disease: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    pub sequence: Option<i32>,
    pub done_on: Option<NaiveDate>,
    pub channel: Option<String>,
    pub respondent: Option<String>,
    pub link_id: Option<String>,
    pub status: Option<String>,
    pub code: Option<String>,
    pub label: Option<String>,
}

/// Every answer of the follow-ups that were done in a period, in the order of follow-ups:
/// the research export makes one line of each (F134).
pub async fn export(
    scope: &mut Scope,
    questionnaire: &str,
    period: Period,
) -> Result<Vec<ExportRow>> {
    Ok(sqlx::query_as!(
        ExportRow,
        r#"select t.task_id, t.person_id, p.name, p.sex, p.birth_date,
             a.admission_no as "admission_no?", d.name as "department?", a.ward as "ward?",
             (select left(g.icd, 3) from diagnosis g where g.admission_id = t.admission_id
                 order by g.position limit 1) as disease,
             a.discharged_on as "discharged_on?", t.sequence, t.done_on, t.done_channel as channel,
             t.respondent, w.link_id as "link_id?", w.status as "status?",
             coalesce(w.option_code, w.value_number::text, w.value_text) as code,
             w.option_text as label
         from task t join person p using (person_id) left join admission a using (admission_id)
             left join department d on d.department_id = t.department_id
             left join lateral (select distinct on (w.link_id) w.* from answer w
                 where w.task_id = t.task_id and w.questionnaire = $1
                 order by w.link_id, w.at desc) w on true
         where t.kind = 'follow_up' and t.state in ('completed', 'partial')
           and t.done_on between $2 and $3
         order by t.done_on, t.task_id, w.link_id limit 500000"#,
        questionnaire,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?)
}
