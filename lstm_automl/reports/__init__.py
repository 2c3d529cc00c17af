"""Show: leaderboard, charts and the report of a search."""
