"""Alerts: what needs somebody now, said once, followed until it is answered or gone."""
