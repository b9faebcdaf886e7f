-- All orgs for staff, whichever org their request names, by status and name; of each the number of its
-- sites and its newest day. Indexes: orgs_by_listed_status, metrics_rollup (scope_id,
-- date), users.clerk_user_id. With a search, orgs of other names are read and passed by.
-- For others, a limit of 0 ends before the first row.
-- ?4 ?5 ?6 key of the page before   ?7 limit   ?8 last status   ?9 part of the name in lower case, or NULL
SELECT o.id, o.name, o.slug, o.listed_status AS status, coalesce(o.plan, 'chatbot') AS plan,
       o.created_at,
       o.site_count,
       (SELECT json_array(r.date, r.sessions, coalesce(r.last_message_at, r.date || 'T00:00:00.000Z'))
          FROM metrics_rollup r WHERE r.scope_id = o.id ORDER BY r.date DESC LIMIT 1) AS newest_day
FROM orgs o
WHERE (o.listed_status, o.name, o.id) > (?4, ?5, ?6)
  AND o.listed_status <= ?8
  AND (?9 IS NULL OR instr(lower(o.name), ?9) > 0)
ORDER BY o.listed_status, o.name, o.id
LIMIT +?7 * (
  EXISTS (SELECT 1 FROM users u WHERE u.clerk_user_id = +?1 AND u.is_koby_staff = 1 AND u.status = 'active')
  AND EXISTS (SELECT 1 FROM scope))
