-- Whether anything is left of a visitor. Indexes: chat_sessions_of_visitor, leads_by_visitor.
-- ?1 org   ?2 visitor   ?3 site, or NULL
SELECT EXISTS (SELECT 1 FROM chat_sessions c
                WHERE c.org_id = +?1 AND c.visitor_id = +?2 AND (?3 IS NULL OR c.site_id = +?3))
    OR EXISTS (SELECT 1 FROM leads l
                WHERE l.org_id = +?1 AND l.visitor_id = +?2 AND (?3 IS NULL OR l.site_id = +?3)) AS remains
