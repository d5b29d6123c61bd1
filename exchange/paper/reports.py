"""The weekly and the monthly report as a document: what it is and stands on, counts, pictures, then every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.compliance.period import Period
from domain.compliance.picture import ScreenedMonth, WeekPicture, picture_screens, picture_week, pictured
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row, Verdict
from domain.month import Month
from domain.session import Session
from domain.site import Site
from domain.week import Week
from exchange.cut import utc_text
from exchange.paper.document import Column, Document, Fact, Figure, Form, Section, Table, Words
from exchange.paper.hours import hours_pictures
from exchange.paper.limits import LIMITS, Limit, patients_elsewhere, rows_elsewhere
from exchange.paper.positivity import positivity_picture
from exchange.paper.short_names import short_names
from exchange.paper.strip import LETTERS, lettered, strip_pictures
from exchange.paper.telling import (
    MEANT,
    MEANT_BY_MONTH,
    NOTHING,
    VERDICTS,
    asks,
    count,
    instant_told,
    share,
    verdict_told,
)
from exchange.paper.writing import write
from exchange.reports import Report, ReportHeader
from projections.cut import Cut
from projections.known_site import known_site
from projections.present_site import present_site
from store.rule_sets import shipped
from store.store import Store


def printed(store: Store, report: Report, form: Form) -> bytes:
    """The report for people. It holds nothing of who asked, what for and when: at one cut it has the same bytes."""
    header = report.header
    rule_set = shipped().named(header.rule_set, header.as_of, header.rule_set_version)
    return write(report_document(_site_of(store, header), report, rule_set, LIMITS[form]), form)


def _site_of(store: Store, header: ReportHeader) -> Site:
    """The site at the report's cut: from the read tables where they stand there, else from the ledger."""
    looked_at = pictured(_dates(header.period).last)
    present = present_site(
        store, header.facility, looked_at=looked_at, as_of=header.as_of, position=header.position, exactly=True
    )
    if present is not None:
        return present.site
    return known_site(store.ledger(header.facility), Cut(header.position, header.known_at)).site


def _dates(period: Week | Month) -> Period:
    return Period.of_week(period) if isinstance(period, Week) else Period.of_month(period)


def report_document(site: Site, report: Report, rule_set: RuleSet, limit: Limit = LIMITS[Form.PDF]) -> Document:
    """`site` as it stands at the report's cut, `rule_set` that of the report. Of what is beyond the limit it says where
    it stands."""
    header, rows = report.header, report.rows
    asked: dict[str, Any] = {"rule_set": rule_set, "as_of": header.as_of, "payer": header.payer}
    if isinstance(header.period, Week):
        picture = picture_week(site, header.period, known_at=header.known_at, **asked)
        sections = [_summary(rows, rule_set, header.rules, MEANT), *_pictures(picture, rows, header.period, limit)]
    else:
        screened = picture_screens(site, header.period.last, **asked)
        sections = [_summary(rows, rule_set, header.rules, MEANT_BY_MONTH), *_screens(screened)]
    if len(rows) > limit.rows:
        sections.append(rows_elsewhere(len(rows), header.sha256, limit))
    else:
        sections += [_of_rule(rule, rows, rule_set, site) for rule in header.rules]
    name = site.facility.name or header.facility
    of_payer = "" if header.payer is None else f", episodes of {_words(header.payer)}"
    return Document(
        title=f"{header.kind.capitalize()} compliance report {header.period}",
        subtitle=f"{name}{of_payer}",
        facts=tuple(_facts(header, site)),
        sections=tuple(sections),
        stand=(
            f"{header.facility} · {header.kind} {header.period}{of_payer} · {header.rule_set} {header.rule_set_version}"
            f" · as of {header.as_of} · known at {utc_text(header.known_at)} · position {header.position}"
            f" · {count(header.rows, 'row')}",
            f"SHA-256 {header.sha256}",
        ),
        stands_at=header.known_at,
    )


def _facts(header: ReportHeader, site: Site) -> Iterable[Fact]:
    period, dates = header.period, _dates(header.period)
    yield Fact(label="Facility", value=f"{site.facility.name or header.facility} ({header.facility})")
    yield Fact(label="Week" if isinstance(period, Week) else "Month", value=f"{period}: {dates.first} to {dates.last}")
    if header.payer is not None:
        yield Fact(label="Payer", value=f"{_words(header.payer)}: its episodes alone")
    yield Fact(label="Rule set", value=f"{header.rule_set}, version {header.rule_set_version}")
    yield Fact(label="As of", value=f"{header.as_of}: what had happened by the end of that day")
    yield Fact(
        label="Known at",
        value=f"{instant_told(header.known_at, site.facility.clock)}: what was on record then",
    )
    yield Fact(label="Position", value=f"{header.position} in the ledger {header.facility}")
    destroyed = header.charts_destroyed
    gone = f"; {count(destroyed, 'chart was', 'charts were')} destroyed and {'has' if destroyed == 1 else 'have'} none"
    yield Fact(label="Rows", value=f"{header.rows:,}{gone if destroyed else ''}")
    yield Fact(label="SHA-256 of the canonical rows", value=header.sha256, code=True)


def _summary(rows: Sequence[Row], rule_set: RuleSet, rules: Sequence[str], meant: str) -> Section:
    counted = Counter((row.rule, row.verdict) for row in rows)
    lines = [
        (
            terms.rule,
            asks(terms),
            *(str(counted[terms.rule, verdict] or NOTHING) for verdict in VERDICTS),
            str(sum(counted[terms.rule, verdict] for verdict in VERDICTS)),
        )
        for terms in rule_set.rules
        if terms.rule in rules
    ]
    columns = (
        Column(head="Rule"),
        Column(head="What it asks for", share=1),
        *(Column(head=told, figures=True) for told in VERDICTS.values()),
        Column(head="rows", figures=True),
    )
    table = Table(caption="Verdicts by rule", columns=columns, rows=tuple(lines))
    found = [row.verdict for row in rows if row.rule == "HRS-1"]
    return Section(title="Summary", blocks=(*_in_short(found), table, Words(text=meant)))


def _in_short(hours: Sequence[Verdict]) -> Iterator[Words]:
    """The week in one sentence, where the rule set asks for hours."""
    full = [verdict for verdict in hours if verdict not in (Verdict.NOT_APPLICABLE, Verdict.PARTIAL)]
    if full:
        met, pending = full.count(Verdict.MET), full.count(Verdict.PENDING)
        later = f"; {pending} may still reach them" if pending else ""
        patients = count(len(full), "patient whose week is full", "patients whose week is full")
        yield Words(text=f"Of {patients}, {met} reached the minutes that HRS-1 asks for{later}.")


def _pictures(picture: WeekPicture, rows: Sequence[Row], week: Week, limit: Limit) -> list[Section]:
    of_hours = [row for row in rows if row.rule == "HRS-1"]
    ids = {row.subject_id for row in of_hours} | {str(strip.patient_id) for strip in picture.strips}
    names = short_names(ids)
    cut_short = []
    if len(ids) > limit.patients:
        shown = frozenset(sorted(ids)[: limit.patients])
        of_hours = [row for row in of_hours if row.subject_id in shown]
        picture = replace(picture, strips=tuple(s for s in picture.strips if str(s.patient_id) in shown))
        cut_short = [patients_elsewhere(len(ids), limit)]
    hours: list[Figure | Words] = list(hours_pictures(of_hours, names, f"week {week}"))
    strips: list[Figure | Words] = list(strip_pictures(picture, names))
    nobody = Words(text="Nobody was enrolled on a date of the week.")
    by_no_rule = Words(text="This rule set asks for no minutes a week.")
    sections = [
        Section(title="Hours of each patient", blocks=(*cut_short, *(hours or [by_no_rule if strips else nobody]))),
        Section(title="Attendance", blocks=tuple(strips or [nobody])),
        *_screens(picture.screened),
    ]
    return [*sections, _patients(picture, of_hours, names)] if ids else sections


def _screens(screened: Sequence[ScreenedMonth] | None) -> Iterator[Section]:
    """None where the rule set has no positivity."""
    if screened is None:
        return
    table = Table(
        caption="Unexpected positives among valid final results (SCR-3)",
        columns=(
            Column(head="Month of collection", share=1),
            Column(head="unexpected positives", figures=True),
            Column(head="valid results", figures=True),
            Column(head="share", figures=True),
        ),
        rows=tuple(
            (
                f"{month.month}{'' if month.over else ', not over'}",
                str(month.unexpected),
                str(month.valid),
                share(month.unexpected, month.valid),
            )
            for month in screened
        ),
    )
    yield Section(title="Positive screens", blocks=(positivity_picture(screened), table))


def _patients(picture: WeekPicture, of_hours: Sequence[Row], names: Mapping[str, str]) -> Section:
    """The figures that the pictures show, patient by patient."""
    hours = {row.subject_id: row for row in of_hours}
    strips = {str(strip.patient_id): strip for strip in picture.strips}
    lines = []
    for key in sorted({*hours, *strips}):
        row, strip = hours.get(key), strips.get(key)
        minutes = (
            (NOTHING, NOTHING, NOTHING) if row is None else (str(row.value), str(row.of), verdict_told(row.verdict))
        )
        weeks = ("" if strip is None else lettered(strip, week) for week in picture.weeks)
        lines.append((names[key], *minutes, *(letters or NOTHING for letters in weeks)))
    columns = (
        Column(head="Patient", codes=True),
        Column(head="minutes", figures=True),
        Column(head="of", figures=True),
        Column(head="verdict"),
        *(Column(head=str(week), share=1) for week in picture.weeks),
    )
    key = "; ".join(f"{letter} {mark.value}" for mark, letter in LETTERS.items())
    words = Words(text=f"Sessions in order, {key}. A patient is called by part of the id that the rows have.")
    table = Table(caption="What the pictures show, patient by patient", columns=columns, rows=tuple(lines))
    return Section(title="Patients", blocks=(words, table))


def _of_rule(rule: str, rows: Sequence[Row], rule_set: RuleSet, site: Site) -> Section:
    found = sorted((row for row in rows if row.rule == rule), key=lambda row: _in_order(row, site))
    terms = next(terms for terms in rule_set.rules if terms.rule == rule)
    title = f"{rule}: {asks(terms)}"
    if not found:
        return Section(title=title, blocks=(Words(text="No rows."),))
    figured = any(row.figures for row in found)
    lines = [
        (
            row.subject_id,
            *((_called(row, site),) if row.subject in ("cohort", "session") else ()),
            _period(row),
            verdict_told(row.verdict),
            str(row.value),
            str(row.of),
            *((share(row.value, row.of),) if row.subject == "facility" else ()),
            *((_figures(row),) if figured else ()),
            str(len(row.evidence)),
            str(len(row.missing) or NOTHING),
        )
        for row in found
    ]
    subject = found[0].subject
    columns = (
        Column(head=subject.capitalize(), codes=True),
        *(
            (Column(head="called" if subject == "cohort" else "held", share=2),)
            if subject in ("cohort", "session")
            else ()
        ),
        Column(head="period", share=0 if figured else 1),
        Column(head="verdict"),
        Column(head="value", figures=True),
        Column(head="of", figures=True),
        *((Column(head="share", figures=True),) if subject == "facility" else ()),
        *((Column(head="besides", share=2),) if figured else ()),
        Column(head="facts", figures=True),
        Column(head="missing", figures=True),
    )
    return Section(title=title, blocks=(Table(caption=f"Rows of {rule}", columns=columns, rows=tuple(lines)),))


def _in_order(row: Row, site: Site) -> tuple[datetime, ...]:
    """Sessions as they began; everything else stays as the report has it."""
    if row.subject != "session":
        return ()
    interval = site.sessions[UUID(row.subject_id)].interval
    return () if interval is None else (interval.started_at,)


def _period(row: Row) -> str:
    first, last = row.period_start, row.period_end
    if first == last:
        return str(first)
    return f"{first} to {f'{last:%m-%d}' if first.year == last.year else last}"


def _figures(row: Row) -> str:
    """Those beside `value`; of a count that is zero nothing is said."""
    return ", ".join(f"{_words(name)} {number}" for name, number in row.figures if number) or NOTHING


def _called(row: Row, site: Site) -> str:
    key = UUID(row.subject_id)
    if row.subject == "cohort":
        return site.cohorts[key].name or ""
    return _held(site.sessions[key], site)


def _held(session: Session, site: Site) -> str:
    zone, held = site.facility.clock, session.interval
    if held is None:
        return _words(session.kind.value)
    started, ended = held.started_at.astimezone(zone), held.ended_at.astimezone(zone)
    return f"{_words(session.kind.value)}, {started:%H:%M} to {ended:%H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")
