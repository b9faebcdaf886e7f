-- Which build of the widget a page loads, and how often what happened there.

-- The builds that there are, for all orgs.
CREATE TABLE widget_versions (
  id TEXT PRIMARY KEY,
  -- MAJOR.MINOR.PATCH, with -SUFFIX before a release.
  version TEXT NOT NULL UNIQUE,
  changelog TEXT,
  release_notes TEXT,
  script_url TEXT NOT NULL,
  styles_url TEXT,
  -- Subresource integrity of the script, such as sha384-….
  integrity_hash TEXT,
  -- The least form of profiles that it reads.
  min_profile_version INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL DEFAULT 'stable' CHECK (status IN ('canary', 'beta', 'stable', 'deprecated')),
  released_at TEXT NOT NULL,
  deprecated_at TEXT
);

CREATE INDEX widget_versions_by_status ON widget_versions (status, released_at, id);
CREATE INDEX widget_versions_by_time ON widget_versions (released_at, id);

INSERT INTO widget_versions (id, version, changelog, script_url, status, released_at)
VALUES ('wv_1_0_0', '1.0.0', 'The first release.', 'https://widget.koby.ai/v1/embed.js', 'stable',
        '2026-01-01T00:00:00.000Z')
ON CONFLICT DO NOTHING;

-- What a deployment has instead of the newest stable build: one build, or the newest of a channel; for a part of
-- its visitors, or for all.
CREATE TABLE deployment_version_pins (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL UNIQUE REFERENCES site_deployments(id) ON DELETE CASCADE,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  widget_version_id TEXT REFERENCES widget_versions(id),
  pin_type TEXT NOT NULL DEFAULT 'specific' CHECK (pin_type IN ('specific', 'channel')),
  channel TEXT CHECK (channel IN ('stable', 'beta', 'canary')),
  rollout_percentage INTEGER NOT NULL DEFAULT 100 CHECK (rollout_percentage BETWEEN 0 AND 100),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK ((pin_type = 'specific') = (widget_version_id IS NOT NULL)),
  CHECK ((pin_type = 'channel') = (channel IS NOT NULL))
);

CREATE INDEX deployment_version_pins_by_org ON deployment_version_pins (org_id);
CREATE INDEX deployment_version_pins_by_version ON deployment_version_pins (widget_version_id)
  WHERE widget_version_id IS NOT NULL;

-- What widgets told, counted by day: one row per event of a deployment, or of a site that is embedded by its own
-- key (scope_id is the one's id or the other's). Events are names of a short list, so that the rows are few.
CREATE TABLE widget_event_counts (
  site_id TEXT NOT NULL REFERENCES portal_sites(id) ON DELETE CASCADE,
  date TEXT NOT NULL,
  scope_id TEXT NOT NULL,
  event TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs(id) ON DELETE CASCADE,
  count INTEGER NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  PRIMARY KEY (site_id, date, scope_id, event)
) WITHOUT ROWID;

CREATE INDEX widget_event_counts_by_org ON widget_event_counts (org_id, date);

-- Lists of all orgs, for staff.
CREATE INDEX site_deployments_by_time ON site_deployments (created_at, id);
CREATE INDEX widget_profiles_by_time ON widget_profiles (created_at, id);
