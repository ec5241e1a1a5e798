-- When a queue is served, whose phone it rings, and whether the caller is asked how it was.
alter table queue
    add column open_in text[] not null default '{day,evening,night}'
        constraint queue_open_in_known check (open_in <@ array['day', 'evening', 'night']),
    -- `duty_phone`: the one on duty at the caller's last ward; agents, where there is none.
    add column rings text not null default 'agents'
        constraint queue_rings_known check (rings in ('agents', 'duty_phone')),
    add column asks_rating boolean not null default true;
update queue set rings = 'duty_phone', asks_rating = false where code = 'duty';
