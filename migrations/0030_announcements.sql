-- What carriers say before the answer, learnt from labelled recordings: fingerprints, no sound.
create table announcement (
    announcement_id uuid primary key,
    -- A word of domain::Announcement.
    class text not null,
    -- Eight octets for each 10 ms: bits, and which of them can be trusted.
    print bytea not null constraint announcement_print_size
        check (length(print) between 960 and 48000 and length(print) % 8 = 0),
    recordings smallint not null,
    learnt_by text not null,
    learnt_at timestamptz not null,
    forgotten_by text,
    forgotten_at timestamptz
);
grant select, insert on announcement to suifang_app;
grant update (forgotten_by, forgotten_at) on announcement to suifang_app;

-- How `early_media` or `tone` of a dial is known.
alter table attempt
    add heard_source text constraint attempt_heard_source_known
        check (heard_source in ('announcement', 'tone')),
    add heard_confidence_percent smallint,
    add heard_at_ms integer;
