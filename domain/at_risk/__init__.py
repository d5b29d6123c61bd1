"""Who needs what by when: for the people at work, of the week at hand.

`hours` says who can still reach the hours of the week and by which sessions, `due` what a thing to be done is,
`due_care`, `due_papers` and `due_site` find them, `listing` puts them together, the most urgent first. Thresholds are
those of a rule set; what the rules call not met is found by the rules themselves (`domain.compliance`).
"""
