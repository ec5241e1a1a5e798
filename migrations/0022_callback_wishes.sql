-- Who rings in without an open follow-up may want to be called back all the same: what they
-- want, in words. Without a message it spans nothing of the recording.
alter table voicemail add column wants text constraint voicemail_wants_present check (wants <> '');
