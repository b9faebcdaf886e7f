-- Whose voices and agents a site may use with the platform's key, what of a day's money was spent on voice, and what
-- finds old counts of the widget.

-- Ids at the provider of the voices and agents that staff assigned to the site, as a JSON array. The platform's
-- account holds those of all customers, so that its key opens these and stock voices alone.
ALTER TABLE portal_sites ADD COLUMN assigned_voices JSON;

-- The part of microusd that clips and calls cost, which has a bound of its own.
ALTER TABLE budget_counters ADD COLUMN voice_microusd INTEGER NOT NULL DEFAULT 0;

-- A plan for calls has the money for the minutes that it includes: 60 000 seconds cost 100 dollars, and voice may use
-- half of a plan's money.
UPDATE plan_limits SET microusd_per_day = 20000000, microusd_per_month = 200000000
 WHERE plan = 'phone' AND microusd_per_day = 500000 AND microusd_per_month = 10000000;

CREATE INDEX widget_event_counts_by_date ON widget_event_counts (date);
