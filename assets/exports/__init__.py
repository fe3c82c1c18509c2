"""Files for people and other programs: every table that leaves the warehouse passes through `writer`."""
