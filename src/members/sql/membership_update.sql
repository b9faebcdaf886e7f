-- Changes a role, if it is still the one that was judged, and the org keeps an owner who is not switched
-- off. Indexes: user_memberships.id, user_memberships_owners, users.clerk_user_id.
-- Who never signed in keeps no org: such an owner does not count, and may go.
-- ?1 org   ?2 id   ?3 old role   ?4 new role   ?5 now
UPDATE user_memberships SET role = ?4, updated_at = ?5
WHERE id = +?2 AND org_id = +?1 AND coalesce(role, 'viewer') = +?3
  AND (?3 <> 'owner' OR ?4 = 'owner'
       OR EXISTS (SELECT 1 FROM user_memberships x JOIN users u ON u.clerk_user_id = x.clerk_user_id
                   WHERE x.org_id = +?1 AND x.role = 'owner' AND x.id <> ?2
                     AND u.status = 'active')
       OR NOT EXISTS (SELECT 1 FROM users u WHERE u.clerk_user_id = user_memberships.clerk_user_id))
RETURNING id
