-- What the hospital's systems tell us, in whatever order it arrives.

alter table person
    -- The time of the newest message that told of this person: an older one changes nothing.
    add told_at timestamptz,
    -- PID-13 as it was last told: only another one is a new number.
    add told_phone text;
create index person_merged on person (merged_into) where merged_into is not null;

alter table admission
    add told_at timestamptz,
    -- The newest of admission cancelled, discharge, discharge cancelled.
    add moved_at timestamptz;

-- A rejected message without a number of its own, or a later one with the same number.
create index hospital_message_rejected on hospital_message (received_at) where state = 'rejected';

-- Stands this code in the dictionary, itself or by its category? I10.x00 is I10 (F002).
create function icd_is_known(code text) returns boolean language sql stable as $$
    select exists (select from disease s where s.icd in (
        upper(code), left(upper(code), 7), left(upper(code), 6), left(upper(code), 5),
        left(upper(code), 4), left(upper(code), 3))
      and (s.icd = upper(code) or strpos(s.icd, '.') > 0
          or substr(upper(code), length(s.icd) + 1, 1) in ('.', 'X', '+', '*')))
$$;
