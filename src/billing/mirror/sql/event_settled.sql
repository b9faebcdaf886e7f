-- Touches the receipt, if this delivery settled the event: for the trace behind it, which asks whether a row changed.
-- Index: stripe_events.stripe_event_id.   ?1 event   ?2 delivery
UPDATE stripe_events SET attempts = attempts
WHERE stripe_event_id = +?1 AND delivery_id = +?2 AND status IN ('processed', 'skipped')
