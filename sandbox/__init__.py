"""A seeded market that speaks Amazon's Selling Partner API over real HTTP. See README.md in this folder."""
