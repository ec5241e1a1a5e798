-- What a call would come to if it ended now, written as it goes: after a crash it is the
-- stored fact by which an attempt without an end is judged.
alter table attempt
    add column so_far text,
    add column so_far_promised text,
    add column so_far_wants_person boolean not null default false;
create index attempt_uncertain on attempt (claimed_at) where state = 'uncertain';

-- How a conversation for a task came about: we dialled; the patient called us; or another
-- person of the same number was asked in the same call. Only the first is a dial.
alter table attempt
    add column way text not null default 'dial'
        constraint attempt_way_known check (way in ('dial', 'callback', 'companion'));
-- What the task was before a caller's call held it; after a crash it is that again.
alter table task add column held_from text;
-- Several persons of one number may be asked the same items in one call.
alter table answer drop constraint answer_once_per_call;
alter table answer add constraint answer_once_per_call
    unique nulls not distinct (call_id, task_id, questionnaire, link_id);
alter table decision drop constraint decision_what_known;
alter table decision add constraint decision_what_known check (what in
    ('dialled', 'put_off', 'ended', 'repair', 'handed_over', 'generated', 'closed', 'asked'));

-- What is dialled next: promises first, then by risk, then by the clinical date.
create index task_next on task (run_id, (promised_part is null), priority desc, deadline_on,
    not_before, task_id) where kind = 'follow_up' and state in ('due', 'waiting_retry');
create index attempt_of_trunk on attempt (trunk, claimed_at);
