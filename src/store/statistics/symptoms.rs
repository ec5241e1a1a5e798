//! How often each answer was given, by disease and by the number of the follow-up.

use chrono::{DateTime, Utc};

use crate::store::{Result, Scope};

pub struct Symptom {
    pub disease: Option<String>,
    pub sequence: Option<i32>,
    pub link_id: String,
    pub item_text: String,
    pub code: String,
    pub label: Option<String>,
    pub count: i64,
    /// Of so many who were asked this item.
    pub asked: i64,
}

/// Of the items of this prefix; from the kept counts (migration 0031). Who sees own patients
/// only has no part in them: the answers of those are counted one by one.
pub async fn symptoms(
    scope: &mut Scope,
    prefix: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Symptom>> {
    let is_own = super::is_of_own_patients(scope).await?;
    Ok(sqlx::query_as!(
        Symptom,
        r#"select disease, sequence, link_id as "link_id!", max(item_text) as "item_text!",
             code as "code!", max(label) as label, sum(count)::bigint as "count!",
             (sum(sum(count)) over (partition by disease, sequence, link_id))::bigint as "asked!"
         from (select * from answers_counted($2, $3) where not $4
               union all select * from answer_counts($2, $3) where $4) counted
         where link_id >= $1 and link_id < $1 || chr(1114111)
         group by disease, sequence, link_id, code
         order by disease nulls last, sequence nulls first, link_id, code limit 5000"#,
        prefix,
        from,
        to,
        is_own
    )
    .fetch_all(scope.connection())
    .await?)
}
