-- A hospital of :patients patients and ten follow-ups each, as five years leave them behind.
-- Written without triggers and foreign keys: the rows are right by construction. The keys
-- follow each other, as the server's own (UUID version 7) do.
set session_replication_role = replica;
set synchronous_commit = off;
set suifang.departments = '*';

-- Sorting once is cheaper than ten million insertions into each of a dozen trees.
create temp table kept_index as
select indexname, indexdef from pg_indexes where schemaname = 'public'
    and tablename in ('task', 'attempt', 'call', 'answer', 'person_sound', 'admission', 'number')
    and indexname not in (select conname from pg_constraint);
select format('drop index %I', indexname) from kept_index \gexec
set maintenance_work_mem = '1GB';

create function pg_temp.id(kind text, n bigint) returns uuid language sql immutable as
$$ select (left(md5(kind), 8) || lpad(to_hex(n), 24, '0'))::uuid $$;
create function pg_temp.roll(n bigint, salt text, sides int) returns int language sql immutable as
$$ select (('x' || left(md5(salt || n), 7))::bit(28)::int) % sides $$;

insert into department (department_id, name, created_at)
select pg_temp.id('department', n), '科室' || n, now() from generate_series(0, 19) n
on conflict do nothing;

insert into person (person_id, record_no, name, sex, birth_date, created_at, updated_at)
select pg_temp.id('person', n), 'R' || n,
    substr('王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗', 1 + pg_temp.roll(n, 'a', 20), 1)
        || substr('秀英国强建华丽明志芳春梅文海玉兰永福小红', 1 + pg_temp.roll(n, 'b', 20), 1)
        || substr('秀英国强建华丽明志芳春梅文海玉兰永福小红', 1 + pg_temp.roll(n, 'c', 20), 1),
    case when n % 2 = 0 then 'male' else 'female' end,
    date '1930-01-01' + pg_temp.roll(n, 'd', 25000), now(), now()
from generate_series(0, :patients - 1) n;

insert into person_sound (person_id, sound)
select person_id, s.sound from person p cross join lateral (
    select string_agg(t.reading, '' order by i) as a, string_agg(left(t.reading, 1), '' order by i) as b
    from generate_series(1, 3) i join (values ('王','wang'),('李','li'),('张','zhang'),('刘','liu'),
        ('陈','chen'),('杨','yang'),('黄','huang'),('赵','zhao'),('吴','wu'),('周','zhou'),
        ('徐','xu'),('孙','sun'),('马','ma'),('朱','zhu'),('胡','hu'),('林','lin'),('郭','guo'),
        ('何','he'),('高','gao'),('罗','luo'),('秀','xiu'),('英','ying'),('国','guo'),('强','qiang'),
        ('建','jian'),('华','hua'),('丽','li'),('明','ming'),('志','zhi'),('芳','fang'),('春','chun'),
        ('梅','mei'),('文','wen'),('海','hai'),('玉','yu'),('兰','lan'),('永','yong'),('福','fu'),
        ('小','xiao'),('红','hong')) t (sign, reading) on t.sign = substr(p.name, i, 1)) l
    cross join lateral (values (l.a), (l.b)) s (sound)
where p.record_no like 'R%' on conflict do nothing;

insert into contact (contact_id, person_id, position, relation, informed, created_at)
select pg_temp.id('contact', n), pg_temp.id('person', n), 0, 'self', true, now()
from generate_series(0, :patients - 1) n;
insert into number (number_id, contact_id, position, e164, kind, raw, source, state, created_at, state_at)
select pg_temp.id('number', n), pg_temp.id('contact', n), 0,
    '+861' || (3000000000 + n), 'mobile', '1' || (3000000000 + n), 'import',
    case pg_temp.roll(n, 'e', 20) when 0 then 'invalid' when 1 then 'unverified' else 'valid' end,
    now(), now()
from generate_series(0, :patients - 1) n;

insert into admission (admission_id, person_id, department_id, admission_no, ward, admitted_on,
    discharged_on, disposition, attending, created_at)
select pg_temp.id('admission', n), pg_temp.id('person', n),
    pg_temp.id('department', pg_temp.roll(n, 'f', 20)), 'Z' || n,
    (1 + pg_temp.roll(n, 'g', 3)) || '病区', current_date - 9 - (n % 1825)::int,
    current_date - 1 - (n % 1825)::int, 1, 'doctor' || pg_temp.roll(n, 'h', 60), now()
from generate_series(0, :patients - 1) n;
insert into assessment (admission_id, rules)
select pg_temp.id('admission', n), 1 from generate_series(0, :patients - 1) n;
insert into diagnosis (admission_id, position, icd, name)
select pg_temp.id('admission', n), 0, t.icd, t.name from generate_series(0, :patients - 1) n
    join (values (0,'I10','原发性高血压'),(1,'E11.9','2型糖尿病'),(2,'I25.1','冠心病'),
        (3,'J18.9','肺炎'),(4,'S72.0','股骨颈骨折'),(5,'K80.2','胆囊结石'),(6,'C34.9','肺恶性肿瘤'),
        (7,'I63.9','脑梗死')) t (k, icd, name) on t.k = pg_temp.roll(n, 'i', 8);

insert into plan (plan_id, person_id, admission_id, department_id, template, template_version, kind,
    body, anchor_on, reason, chosen_by, state, created_at, updated_at)
select pg_temp.id('plan', n), a.person_id, a.admission_id, a.department_id, t.code, t.version,
    t.kind, t.body, a.discharged_on, 'bench', 'bench', 'active', now(), now()
from generate_series(0, :patients - 1) n join admission a on a.admission_id = pg_temp.id('admission', n)
    cross join (select * from plan_template where kind = 'routine' limit 1) t;

insert into run (run_id, name, dialplan, dialplan_sha256, state, is_standing, created_by, created_at)
select pg_temp.id('run', 0), 'bench', 'followup', '', 'running', true, 'bench', now();

-- Ten steps each: the first after a week, then every half year. What lies behind is done but
-- for a quarter; what lies ahead is pending; about ten days of it are due now.
insert into task (task_id, person_id, admission_id, department_id, kind, state, why, due_at,
    not_before, attempts, dials, last_outcome, created_at, updated_at, plan_id, sequence,
    scheduled_on, deadline_on, dialplan, run_id, done_on, done_channel, done_by, respondent, evidence)
select pg_temp.id('task', n * 10 + s.k), a.person_id, a.admission_id, a.department_id, 'follow_up',
    s.state, null, s.on_day, s.on_day, 1, 1, s.outcome, now(), now(), pg_temp.id('plan', n), s.k,
    s.on_day, s.on_day + 7, 'followup',
    case when s.state = 'due' then pg_temp.id('run', 0) end,
    case when s.state = 'completed' then s.on_day + pg_temp.roll(n * 10 + s.k, 'l', 9) end,
    case when s.state = 'completed' then 'ivr' end,
    case when s.state = 'completed' then
        case pg_temp.roll(n * 10 + s.k, 'm', 3) when 0 then 'nurse' || pg_temp.roll(n, 'n', 30) else 'ivr' end end,
    case when s.state = 'completed' then 'self' end,
    case when s.state = 'completed' then 'recording' end
from generate_series(0, :patients - 1) n join admission a on a.admission_id = pg_temp.id('admission', n)
    cross join lateral (
        select k, d.on_day, case when d.on_day > current_date then 'pending'
                when d.on_day > current_date - 10 then 'due'
                when pg_temp.roll(n * 10 + k, 'j', 4) > 0 then 'completed' else 'expired' end as state,
            case when d.on_day > current_date - 10 then null
                when pg_temp.roll(n * 10 + k, 'j', 4) > 0 then 'completed' else 'no_answer' end as outcome
        from generate_series(0, 9) k
            cross join lateral (select a.discharged_on + 7 + k * 182 as on_day) d) s;

insert into attempt (attempt_id, task_id, person_id, department_id, number_id, e164, trunk, state,
    owner_node, owner_epoch, claimed_at, answered_at, ended_at, rang, answered, outcome, outcome_version)
select pg_temp.id('attempt', n), pg_temp.id('task', n * 10), a.person_id, a.department_id,
    pg_temp.id('number', n), '+861' || (3000000000 + n), 'sim', 'ended', 'bench', 0,
    a.discharged_on + 7 + time '10:00', a.discharged_on + 7 + time '10:00',
    a.discharged_on + 7 + time '10:03', true, true,
    case pg_temp.roll(n * 10, 'j', 4) when 0 then 'no_answer' else 'completed' end, 1
from generate_series(0, :patients - 1) n join admission a on a.admission_id = pg_temp.id('admission', n)
where a.discharged_on + 7 < current_date;
insert into call (call_id, attempt_id, task_id, person_id, department_id, direction, state, remote,
    trunk, dialplan, dialplan_sha256, owner_node, owner_epoch, started_at, answered_at, ended_at)
select pg_temp.id('call', n), pg_temp.id('attempt', n), pg_temp.id('task', n * 10), a.person_id,
    a.department_id, 'outbound', 'ended', '+861' || (3000000000 + n), 'sim', 'followup', '', 'bench',
    0, a.discharged_on + 7 + time '10:00', a.discharged_on + 7 + time '10:00',
    a.discharged_on + 7 + time '10:03'
from generate_series(0, :patients - 1) n join admission a on a.admission_id = pg_temp.id('admission', n)
where a.discharged_on + 7 < current_date;

-- What was said in these calls: a mark, and what is wrong.
insert into answer (answer_id, call_id, task_id, person_id, department_id, questionnaire,
    questionnaire_sha256, link_id, item_text, status, option_code, score, ordinal, at, recorded_by,
    channel, sequence)
select pg_temp.id('answer' || l.link, n), pg_temp.id('call', n), pg_temp.id('task', n * 10),
    a.person_id, a.department_id, l.form, '', l.link, l.link, 'answered', l.code, l.score, 0,
    a.discharged_on + 7 + time '10:02', 'ivr', 'ivr', 0
from generate_series(0, :patients - 1) n join admission a on a.admission_id = pg_temp.id('admission', n)
    cross join lateral (values
        ('call_rating', 'rate.overall', null, 1 + pg_temp.roll(n, 'o', 5)),
        ('discharge_general', 'sym.headache',
            case pg_temp.roll(n, 'p', 6) when 0 then 'present' else 'absent' end, null))
        l (form, link, code, score)
where a.discharged_on + 7 < current_date and pg_temp.roll(n * 10, 'j', 4) > 0;

select indexdef from kept_index \gexec
insert into rollup_dirty (admission_id) select admission_id from admission;
select recount_workload();
select recount_answers();
set session_replication_role = origin;
