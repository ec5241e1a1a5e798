-- The trunks that carried a dial to nobody before `attempt.trunk` took it: an array of
-- {"trunk", "sip_status", "q850", "sip_call_id", "at"}, in their order. Empty for nearly all.
alter table attempt add trunks_tried jsonb not null default '[]';
