-- The place of a line in the sealed chain. Ids follow the order in which transactions began to
-- write, the chain the order in which they were seen committed: only a place of its own can tell
-- a line that is missing. Lines sealed by an earlier version are chained anew, once, by the
-- sealer: that version kept no place.
alter table audit add column seal_no bigint;
update audit set sealed_hash = null where sealed_hash is not null;
alter table audit add constraint audit_seal_no_once unique (seal_no);
alter table audit add constraint audit_sealed_whole check ((seal_no is null) = (sealed_hash is null));
-- What became of a recording is looked up by the recording.
create index audit_recording on audit (subject_id) where subject = 'recording';
grant update (sealed_hash, seal_no) on audit to suifang_app;
