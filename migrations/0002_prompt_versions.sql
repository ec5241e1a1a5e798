-- Where the sentence of a clip stood when it was read: a clip whose sentence has changed
-- since is found by it. And who took a clip out of use, and when.

alter table prompt_clip
    add column places text[] not null default '{}',
    add column retired_at timestamptz,
    add column retired_by text;

create index prompt_clip_versions on prompt_clip (language, text_sha256, at desc);
