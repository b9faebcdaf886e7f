-- Whether a person is a member. Index: user_memberships (clerk_user_id, org_id). ?1 org   ?2 person
SELECT m.id FROM user_memberships m WHERE m.clerk_user_id = +?2 AND m.org_id = +?1
