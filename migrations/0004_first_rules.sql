-- What a fresh hospital starts with: plans, the rules that choose them, roles and their
-- modules. All of it is changed on the page; each change is a new version.

insert into plan_template (code, version, name, kind, body, is_current, created_at, created_by)
select code, 1, name, kind, body::jsonb, true, '2026-01-01T00:00:00Z', 'installation'
from (values
    ('discharge', '出院常规随访', 'routine',
     '{"schedule":{"phases":[{"every":{"days":3},"lasts":{"times":1}},{"every":{"days":27},"lasts":{"times":1}},{"every":{"days":60},"lasts":{"times":1}}],"horizon":{"count":3}},"dialplan":"followup","channel":"ivr"}'),
    ('discharge_elderly', '高龄患者出院随访', 'routine',
     '{"schedule":{"phases":[{"every":{"days":3},"lasts":{"times":1}},{"every":{"days":7},"lasts":{"within":{"months":1}}},{"every":{"months":1},"lasts":{"times":1}}],"horizon":{"days":190}},"dialplan":"followup","channel":"ivr"}'),
    ('discharge_child', '儿童出院随访', 'routine',
     '{"schedule":{"phases":[{"every":{"days":3},"lasts":{"times":1}},{"every":{"days":11},"lasts":{"times":1}},{"every":{"days":16},"lasts":{"times":1}}],"horizon":{"count":3}},"dialplan":"followup","channel":"ivr"}'),
    ('series_1', '定期随访系列 1', 'specialty',
     '{"schedule":{"phases":[{"every":{"days":30},"lasts":{"times":1}},{"every":{"days":150},"lasts":{"times":1}},{"every":{"days":150},"lasts":{"times":1}}],"horizon":{"days":3650}},"dialplan":"followup","channel":"ivr"}'),
    ('hypertension', '高血压', 'disease',
     '{"schedule":{"phases":[{"every":{"months":1},"lasts":{"times":1}}],"horizon":{"days":1825}},"dialplan":"htn","channel":"ivr"}'),
    ('diabetes', '糖尿病', 'disease',
     '{"schedule":{"phases":[{"every":{"months":1},"lasts":{"times":1}}],"horizon":{"days":1825}},"dialplan":"dm","channel":"ivr"}'),
    ('coronary', '冠心病', 'disease',
     '{"schedule":{"phases":[{"every":{"months":6},"lasts":{"times":1}}],"horizon":{"days":1825}},"dialplan":"followup","channel":"ivr"}'),
    ('cerebrovascular', '脑血管病', 'disease',
     '{"schedule":{"phases":[{"every":{"months":3},"lasts":{"times":1}}],"horizon":{"days":1825}},"dialplan":"followup","channel":"ivr"}'),
    ('tumour', '肿瘤', 'disease',
     '{"schedule":{"phases":[{"every":{"months":3},"lasts":{"times":1}}],"horizon":{"days":1825}},"dialplan":"followup","channel":"ivr"}')
) as t (code, name, kind, body);

insert into plan_rules (version, body, created_at, created_by) values (1, '[
    {"name": "高血压", "priority": 10, "template": "hypertension", "when": {"icd": ["I10", "I11", "I12", "I13", "I15"]}},
    {"name": "糖尿病", "priority": 20, "template": "diabetes", "when": {"icd": ["E10", "E11", "E12", "E13", "E14"]}},
    {"name": "冠心病", "priority": 30, "template": "coronary", "when": {"icd": ["I20", "I21", "I22", "I23", "I24", "I25"]}},
    {"name": "脑血管病", "priority": 40, "template": "cerebrovascular", "when": {"icd": ["I60", "I61", "I62", "I63", "I64", "I65", "I66", "I67", "I68", "I69"]}},
    {"name": "肿瘤", "priority": 50, "template": "tumour", "when": {"icd": ["C"]}},
    {"name": "儿童", "priority": 110, "template": "discharge_child", "when": {"age": {"from": null, "to": 13}}},
    {"name": "高龄", "priority": 120, "template": "discharge_elderly", "when": {"age": {"from": 80, "to": null}}},
    {"name": "出院常规", "priority": 900, "template": "discharge", "when": {}}
]', '2026-01-01T00:00:00Z', 'installation');

insert into role (code, name) values
    ('agent', '座席'), ('nurse', '护士'), ('doctor', '医生'), ('supervisor', '班长'),
    ('sys_admin', '系统管理员');

insert into role_module (role, module)
select role, unnest(string_to_array(modules, ' ')) from (values
    ('agent', 'home due patients calls alerts repairs'),
    ('nurse', 'home due patients calls recordings alerts repairs runs imports plans questionnaires prompts'),
    ('doctor', 'home due patients calls recordings alerts repairs plans questionnaires opinions statistics'),
    ('supervisor', 'home due patients calls recordings alerts repairs runs imports plans questionnaires prompts opinions statistics allocation samples policies dialplans roster'),
    ('sys_admin', 'home due patients calls recordings alerts repairs runs imports plans questionnaires prompts opinions statistics allocation samples policies dialplans roster users roles departments interfaces trunks audit exports')
) as r (role, modules);

alter table account add constraint account_role_known foreign key (role) references role (code);
