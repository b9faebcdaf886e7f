-- Sites and retention policies are read in pages along an index, the configuration of the portal gets a version,
-- and what retention removes is counted along an index.

-- Sites -----------------------------------------------------------------------------------------

-- Lists order by this column; a row without it would be in none of them.
UPDATE portal_sites SET created_at = coalesce(updated_at, '1970-01-01T00:00:00.000Z')
 WHERE created_at IS NULL;

-- Sites in the order of their age: of one org, and of all for staff.
CREATE INDEX portal_sites_by_org ON portal_sites (org_id, created_at, id);
CREATE INDEX portal_sites_by_time ON portal_sites (created_at, id);
-- The same without paused and inactive ones, as the overview shows them.
CREATE INDEX portal_sites_active_by_org ON portal_sites (org_id, created_at, id)
  WHERE status = 'active';
CREATE INDEX portal_sites_active_by_time ON portal_sites (created_at, id)
  WHERE status = 'active';

-- Configuration ---------------------------------------------------------------------------------

-- Counts the writes of a row, so that a client can tell whether what it read is still there (ETag).
ALTER TABLE portal_config ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Retention -------------------------------------------------------------------------------------

-- Policies of all orgs, for staff; those of one org are in its UNIQUE index.
CREATE INDEX retention_policies_by_type ON retention_policies (data_type, id);

-- What a policy would remove: the oldest rows of one org. Other tables have such an index for their lists.
CREATE INDEX webhook_events_by_age ON webhook_events (org_id, received_at);
CREATE INDEX knowledge_ingestion_jobs_by_age ON knowledge_ingestion_jobs (org_id, created_at);
