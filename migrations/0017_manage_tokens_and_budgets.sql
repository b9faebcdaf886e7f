-- How people manage gateway tokens and budgets.

-- Tokens of all orgs, for staff.
CREATE INDEX gateway_tokens_by_time ON gateway_tokens (created_at, id);

-- An org's own limit that was no more than its old plan's was a lower one. Where the new plan has less, it lowers nothing
-- any longer, and goes; what staff raised above the old plan stays. For a site, this is about the limits that stand in
-- the place of its org's.
CREATE TRIGGER budgets_follow_their_plan AFTER UPDATE OF plan ON orgs
WHEN coalesce(old.plan, 'chatbot') <> coalesce(new.plan, 'chatbot')
BEGIN
  UPDATE budgets SET
    site_messages_per_minute = iif(budgets.site_messages_per_minute > later.site_messages_per_minute
      AND budgets.site_messages_per_minute <= coalesce(before.site_messages_per_minute, 9e18),
      NULL, budgets.site_messages_per_minute),
    visitor_messages_per_minute = iif(budgets.visitor_messages_per_minute > later.visitor_messages_per_minute
      AND budgets.visitor_messages_per_minute <= coalesce(before.visitor_messages_per_minute, 9e18),
      NULL, budgets.visitor_messages_per_minute),
    concurrent_sessions = iif(budgets.concurrent_sessions > later.concurrent_sessions
      AND budgets.concurrent_sessions <= coalesce(before.concurrent_sessions, 9e18),
      NULL, budgets.concurrent_sessions),
    message_characters = iif(budgets.message_characters > later.message_characters
      AND budgets.message_characters <= coalesce(before.message_characters, 9e18),
      NULL, budgets.message_characters),
    turn_microusd = iif(budgets.turn_microusd > later.turn_microusd
      AND budgets.turn_microusd <= coalesce(before.turn_microusd, 9e18),
      NULL, budgets.turn_microusd),
    messages_per_day = iif(budgets.site_id IS NULL AND budgets.messages_per_day > later.messages_per_day
      AND budgets.messages_per_day <= coalesce(before.messages_per_day, 9e18),
      NULL, budgets.messages_per_day),
    messages_per_month = iif(budgets.site_id IS NULL AND budgets.messages_per_month > later.messages_per_month
      AND budgets.messages_per_month <= coalesce(before.messages_per_month, 9e18),
      NULL, budgets.messages_per_month),
    microusd_per_day = iif(budgets.site_id IS NULL AND budgets.microusd_per_day > later.microusd_per_day
      AND budgets.microusd_per_day <= coalesce(before.microusd_per_day, 9e18),
      NULL, budgets.microusd_per_day),
    microusd_per_month = iif(budgets.site_id IS NULL AND budgets.microusd_per_month > later.microusd_per_month
      AND budgets.microusd_per_month <= coalesce(before.microusd_per_month, 9e18),
      NULL, budgets.microusd_per_month),
    voice_seconds_per_month = iif(budgets.site_id IS NULL
      AND budgets.voice_seconds_per_month > later.voice_seconds_per_month
      AND budgets.voice_seconds_per_month <= coalesce(before.voice_seconds_per_month, 9e18),
      NULL, budgets.voice_seconds_per_month)
  FROM plan_limits later
  LEFT JOIN plan_limits before ON before.plan = coalesce(old.plan, 'chatbot')
  WHERE budgets.org_id = new.id AND later.plan = coalesce(new.plan, 'chatbot');
END;
