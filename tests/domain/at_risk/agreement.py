"""What is due of a patient, held against what the findings say of the same chart at the same cut."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from domain.at_risk.due import DAYS_AFTER, DAYS_AHEAD, Due, Step
from domain.at_risk.listing import at_risk
from domain.at_risk.scene import in_treatment
from domain.chart import Chart
from domain.compliance.findings import assess_chart
from domain.compliance.verdict import Row, Verdict
from domain.site import Site
from domain.week import Week
from tests.rule_sets import LANDMARK_IOP

ASKED = (Verdict.PENDING, Verdict.NOT_MET, Verdict.NOT_MET_EXCUSED, Verdict.FACILITY_SHORTFALL)

_MISSING = {
    "discharge summary": Step.SUMMARY,
    "aftercare plan: aftercare started, or a referral": Step.AFTERCARE_PLAN,
}


def due_of(site: Site, as_of: date, known_at: datetime) -> dict[UUID, tuple[Due, ...]]:
    found = at_risk(site, Week.of(as_of), rule_set=LANDMARK_IOP, as_of=as_of, known_at=known_at)
    return {row.patient_id: row.due for row in found.rows}


def findings_of(site: Site, chart: Chart, as_of: date, known_at: datetime) -> list[Row]:
    return assess_chart(
        chart,
        facility=site.facility,
        sessions=site.sessions,
        cohorts=site.cohorts,
        rule_set=LANDMARK_IOP,
        as_of=as_of,
        known_at=known_at,
    )


class Agreement:
    """One chart. `differences` says what does not agree, a line each."""

    def __init__(self, site: Site, chart: Chart, due: tuple[Due, ...], as_of: date, known_at: datetime) -> None:
        self.site, self.chart, self.as_of = site, chart, as_of
        self.due = due
        self.rows = findings_of(site, chart, as_of, known_at)
        self.treated = in_treatment(chart, as_of)
        self.horizon = max(Week.of(as_of).sunday, as_of + timedelta(days=DAYS_AHEAD))

    def of(self, *steps: Step) -> list[Due]:
        return [one for one in self.due if one.step in steps]

    def by(self, rule: str) -> list[Row]:
        return [row for row in self.rows if row.rule == rule]

    def differences(self) -> list[str]:
        if self.chart.merged_into is not None:
            return [f"due though merged: {one}" for one in self.due]
        return [*self.results(), *self.outreach(), *self.plans(), *self.windows(), *self.papers()]

    def results(self) -> list[str]:
        """What is due is what a finding misses; it is pending before its day, and not met from then on."""
        names = {"review": Step.RESULT_REVIEW, "discussion": Step.RESULT_DISCUSSION}
        asked = {}
        for row in self.by("SCR-2"):
            for item in row.missing:
                what, _, report = item.partition(" of ")
                if not self._left_long_ago(int(report.rpartition("@")[2])):
                    asked[names[what], report] = (row.period_end, row.verdict)
        given = {
            (one.step, one.since): (one.due_on, Verdict.PENDING if one.days_left > 0 else Verdict.NOT_MET)
            for one in self.of(*names.values())
        }
        return [] if asked == given else [f"results: {asked} {given}"]

    def _left_long_ago(self, report: int) -> bool:
        [episode_id] = {
            screening.episode_id
            for screening in self.chart.screenings.values()
            if any(one.version == report for one in screening.reports)
        }
        return self._ended_long_ago(self.chart.episodes[episode_id].ended_on(as_of=self.as_of))

    def _ended_long_ago(self, ended_on: date | None) -> bool:
        return ended_on is not None and (self.as_of - ended_on).days > DAYS_AFTER

    def outreach(self) -> list[str]:
        """As long as nobody has asked after the patient, late or not, and the patient has not come again."""
        unmet = {
            row.period_end: row.verdict
            for row in self.by("ATT-2")
            if row.verdict is not Verdict.MET and not self._settled(row)
        }
        given = {
            one.due_on: Verdict.PENDING if one.days_left > 0 else Verdict.NOT_MET for one in self.of(Step.OUTREACH)
        }
        return [] if unmet == given else [f"outreach: {unmet} {given}"]

    def _settled(self, row: Row) -> bool:
        zone = self.site.facility.clock
        asked = any(
            row.period_start <= attempt.at.astimezone(zone).date() <= self.as_of
            for episode in self.treated
            for attempt in episode.outreach
        )
        return asked or not self.treated or self._came_after(row.period_start)

    def _came_after(self, on: date) -> bool:
        zone = self.site.facility.clock
        days = (
            session.program_day(zone)
            for key, record in self.chart.attendances.items()
            if record.attended and (session := self.site.sessions.get(key)) is not None and session.takes_place
            if not session.after_treatment
        )
        return any(on < day <= self.as_of for day in days)

    def plans(self) -> list[str]:
        """Overdue is not met; what is pending has nothing overdue; and who lacks a first plan has it due."""
        found = []
        for rule, steps in (
            ("PLN-1", (Step.PLAN_SIGNATURE, Step.PLAN_REVIEW)),
            ("ASM-1", (Step.LEVEL_ASSESSMENT,)),
        ):
            verdicts = {row.verdict for row in self.by(rule) if row.period_end == self.as_of}
            overdue = [one for one in self.of(*steps) if one.days_left < 0]
            if overdue and Verdict.NOT_MET not in verdicts:
                found.append(f"{rule}: overdue, and {verdicts}")
            if verdicts == {Verdict.PENDING} and overdue:
                found.append(f"{rule}: pending, and overdue {overdue}")
        unsigned = any("treatment plan signed by clinician and patient" in row.missing for row in self.by("PLN-1"))
        given = self.of(Step.PLAN_SIGNATURE)
        if self.treated and len(self.chart.episodes) == 1 and bool(given) != unsigned:
            found.append(f"unsigned {unsigned}: {given}")
        return found

    def windows(self) -> list[str]:
        """Of the week and the window at hand: due is what is asked, and not met so far."""
        found = []
        of_week = [("IND-1", Step.INDIVIDUAL_SESSION), ("SCR-1", Step.SPECIMEN)]
        for rule, step in of_week:
            asked = [row.period_end for row in self.by(rule) if row.verdict in ASKED]
            given = [one.due_on for one in self.of(step)]
            if asked != given:
                found.append(f"{rule}: {asked} {given}")
        admitted = {episode.admission.on for episode in self.treated if episode.admission is not None}
        current = [
            row.period_end
            for row in self.by("FAM-1")
            if row.verdict in ASKED
            and row.period_start <= self.as_of <= row.period_end <= self.horizon
            and any((row.period_start - on).days % 14 == 0 for on in admitted)
        ]
        given = [one.due_on for one in self.of(Step.FAMILY_SESSION)]
        return found if current == given else [*found, f"FAM-1: {current} {given}"]

    def papers(self) -> list[str]:
        found = []
        for row in self.by("DIS-1"):
            listed = row.period_end <= self.horizon and not self._ended_long_ago(row.period_start)
            missing = {_MISSING[item] for item in row.missing} if listed else set()
            given = {one.step for one in self.of(*_MISSING.values()) if one.due_on == row.period_end}
            late = any(s.on > row.period_end for e in self.chart.episodes.values() for s in e.aftercare)
            if missing - ({Step.AFTERCARE_PLAN} if late else set()) != given:
                found.append(f"DIS-1: {missing} {given}")
            for one in self.of(*_MISSING.values()):
                if one.due_on == row.period_end and (one.days_left > 0) != (row.verdict is Verdict.PENDING):
                    found.append(f"DIS-1: {one} {row.verdict}")
        return found
