-- Which recordings an announcement was learnt from: they are labelled, and nobody is asked
-- about them again as long as it is listened for.
create table announcement_recording (
    announcement_id uuid not null references announcement,
    recording_id uuid not null references recording on delete cascade,
    primary key (announcement_id, recording_id)
);
create index announcement_recording_of on announcement_recording (recording_id);
grant select, insert on announcement_recording to suifang_app;
