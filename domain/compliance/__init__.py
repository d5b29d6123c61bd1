"""Compliance: what the facts on record say under the rules of a rule set.

`rule_set` and `rule_sets` hold the thresholds, `verdict` the order in which verdicts are tried, `interval` time and its
minutes, `timetable` the sessions of a week, `patient_week` what of them concerns one patient (active and scheduled
dates, cohort of a date, expected sessions, credit), `hours`, `attendance` and `individual` the rules, `weekly` the
report.
"""
