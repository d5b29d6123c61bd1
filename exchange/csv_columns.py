"""The columns of the tables that may be imported, as data: one entry a column. `docs/csv-import.md` is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from re import compile as compile_pattern
from typing import Final

from domain.chart.attendance import Outcome
from domain.chart.carry_over import CarriedState
from domain.chart.screening import AnalyteOutcome


class Form(StrEnum):
    """How a cell is written; the value is what the page says of it."""

    TEXT = "text"
    DATE = "date: `2026-03-02` or `3/2/2026` (month first)"
    TIME = "time: `18:00` or `6:00 PM`"
    MOMENT = "time of that day, or date and time"
    INSTANT = "date and time: `2026-03-02 18:00`, `3/2/2026 6:00 PM`"
    YES_NO = "yes or no: `yes`, `y`, `true`, `x`, `no`, `n`, `false`"
    COUNT = "whole number"
    NUMBER = "number, with a decimal point"
    ID = "UUID"
    LIST = "names, separated by `;` or `|`, or by `,` in a quoted cell"
    WORD = "one of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`required`: no row is without. `words`: for a WORD, how each value may be written → the value."""

    name: str
    meaning: str
    form: Form = Form.TEXT
    required: bool = False
    spellings: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One kind of file. `either`: one of these columns is needed at least."""

    name: str
    tells: str
    columns: tuple[Column, ...]
    either: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


_NOT_A_WORD: Final = compile_pattern(r"[^0-9a-z#]+")


def plain(name: str) -> str:
    """A name of a column, or a word, without what makes no difference: case, spaces, lines, points."""
    return _NOT_A_WORD.sub("_", name.casefold()).strip("_")


def _words(values: Iterable[str], **others: str) -> dict[str, str]:
    return {**{value: value for value in values}, **others}


_MRN: Final = Column(
    name="mrn",
    meaning="The facility's own number of the patient.",
    required=True,
    spellings=("medical_record_number", "patient_number", "patient_mrn", "mrn_#"),
)
_RECORDING: Final = (
    Column(
        name="staff",
        meaning="Who recorded it: a staff_id, or the exact name on the staff list valid that day.",
        required=True,
        spellings=("staff_id", "staff_name", "recorded_by", "by", "counselor"),
    ),
    Column(
        name="recorded_at",
        meaning="When it was recorded where the file is from; lateness is judged by it. Else it is recorded now.",
        form=Form.INSTANT,
        spellings=("recorded", "entered_at"),
    ),
    Column(
        name="reason",
        meaning="Why it is recorded late (more than 24 hours after); for the whole file: `--reason`.",
        spellings=("late_reason", "reason_for_late_entry"),
    ),
)

PATIENTS: Final = Table(
    name="patients",
    tells="A row registers a patient; with first contact, or carried over, it opens the episode too.",
    columns=(
        _MRN,
        Column(name="given_name", meaning="Given name.", required=True, spellings=("first_name", "first")),
        Column(name="family_name", meaning="Family name.", required=True, spellings=("last_name", "last", "surname")),
        Column(
            name="birth_date",
            meaning="Date of birth.",
            form=Form.DATE,
            required=True,
            spellings=("dob", "date_of_birth", "birthdate"),
        ),
        Column(name="sex", meaning="As the site records it.", required=True, spellings=("gender",)),
        Column(name="phone", meaning="Telephone.", spellings=("phone_number", "telephone")),
        Column(name="address", meaning="Address; line breaks in quotes."),
        Column(
            name="emergency_contact", meaning="Whom to call.", spellings=("emergency", "emergency_contact_name_phone")
        ),
        Column(
            name="first_contact",
            meaning="When the patient, or somebody for them, first called: opens an episode.",
            form=Form.INSTANT,
            spellings=("first_contact_at", "inquiry", "inquiry_at"),
        ),
        Column(
            name="referral_source",
            meaning="Who sent them; needed with `first_contact`.",
            spellings=("referral", "referred_by"),
        ),
        Column(
            name="carried_over",
            meaning="State of an episode begun in another system: opens it as it stands.",
            form=Form.WORD,
            words=_words(CarriedState),
            spellings=("carried_over_state",),
        ),
        Column(
            name="admitted_on",
            meaning="Day of the first service there; needed with `carried_over`.",
            form=Form.DATE,
            spellings=("admitted", "admission_date"),
        ),
        Column(
            name="cohort", meaning="Name of the cohort; needed with `carried_over`.", spellings=("cohort_name", "group")
        ),
        Column(
            name="primary_clinician",
            meaning="staff_id or exact name on the staff list; needed with `carried_over`.",
            spellings=("clinician", "primary_counselor", "primary_clinician_id"),
        ),
        Column(
            name="from_system",
            meaning="Name of the other system; needed with `carried_over`.",
            spellings=("system", "former_system"),
        ),
        *_RECORDING,
    ),
)

ATTENDANCE: Final = Table(
    name="attendance",
    tells="A row records one patient's attendance of one session; the admission follows the first one attended.",
    either=("date", "session_id"),
    columns=(
        _MRN,
        Column(
            name="date",
            meaning="Local date on which the session starts.",
            form=Form.DATE,
            spellings=("session_date", "on", "date_of_service"),
        ),
        Column(
            name="start",
            meaning="When it starts: needed where the site has several sessions that day.",
            form=Form.TIME,
            spellings=("starts", "start_time", "session_start", "starts_at"),
        ),
        Column(
            name="cohort",
            meaning="Name of the session's cohort: instead of `start`, or with it.",
            spellings=("cohort_name", "group"),
        ),
        Column(
            name="session_id",
            meaning="The session itself: `date`, `start`, `cohort` may be left out, and say nothing else.",
            form=Form.ID,
            spellings=("session",),
        ),
        Column(
            name="outcome",
            meaning="Whether they came.",
            form=Form.WORD,
            required=True,
            spellings=("attendance", "status"),
            words=_words(
                Outcome,
                present=Outcome.ATTENDED,
                excused=Outcome.ABSENT_EXCUSED,
                unexcused=Outcome.ABSENT_UNEXCUSED,
                no_show=Outcome.ABSENT_UNEXCUSED,
            ),
        ),
        Column(
            name="arrived",
            meaning="When they came; of those who attended.",
            form=Form.MOMENT,
            spellings=("arrived_at", "time_in", "in", "arrival"),
        ),
        Column(
            name="left",
            meaning="When they left; of those who attended.",
            form=Form.MOMENT,
            spellings=("left_at", "time_out", "out", "departure"),
        ),
        Column(
            name="family_members",
            meaning="How many of the family came along.",
            form=Form.COUNT,
            spellings=("family", "family_count"),
        ),
        Column(
            name="method",
            meaning="How it was taken down, such as `sign_in`. Else `sign_in`.",
            spellings=("taken_by",),
        ),
        *_RECORDING,
    ),
)

SCREENINGS: Final = Table(
    name="screenings",
    tells="A row is the result of one analyte; neighbouring rows of one accession, or without one of the same patient "
    "and collection, make one screening. `staff` and `recorded_at` are those of the row's result; of the first row, "
    "those of the collection too.",
    columns=(
        _MRN,
        Column(
            name="collected_at",
            meaning="When the specimen was taken.",
            form=Form.INSTANT,
            required=True,
            spellings=("collected", "collection", "collection_time", "collected_on"),
        ),
        Column(
            name="matrix",
            meaning="What was taken, such as `urine`.",
            required=True,
            spellings=("specimen", "specimen_type"),
        ),
        Column(
            name="observed",
            meaning="Whether the collection was observed.",
            form=Form.YES_NO,
            required=True,
            spellings=("collection_observed",),
        ),
        Column(
            name="accession",
            meaning="The laboratory's number of the specimen.",
            spellings=("accession_number", "specimen_id", "accession_no"),
        ),
        Column(
            name="panel",
            meaning="What was looked for. Else the analytes of the rows.",
            form=Form.LIST,
            spellings=("ordered", "analytes"),
        ),
        Column(
            name="random",
            meaning="Whether it was ordered at random. Else no.",
            form=Form.YES_NO,
            spellings=("random_draw",),
        ),
        Column(
            name="analyte", meaning="What the result is of. Without one the row has no result.", spellings=("drug",)
        ),
        Column(
            name="loinc",
            meaning="LOINC code of the test. Else that of the table, where it knows the analyte.",
            spellings=("loinc_code",),
        ),
        Column(
            name="kind",
            meaning="Needed with `analyte`.",
            form=Form.WORD,
            words=_words(("presumptive", "definitive"), screen="presumptive", confirmation="definitive"),
            spellings=("test", "test_kind"),
        ),
        Column(
            name="outcome",
            meaning="Needed with `analyte`.",
            form=Form.WORD,
            words=_words(AnalyteOutcome, neg=AnalyteOutcome.NEGATIVE, pos=AnalyteOutcome.POSITIVE),
            spellings=("result",),
        ),
        Column(
            name="value_ng_ml",
            meaning="How much was found, in ng/mL.",
            form=Form.NUMBER,
            spellings=("value", "concentration"),
        ),
        Column(
            name="cutoff_ng_ml",
            meaning="From how much on it is positive, in ng/mL.",
            form=Form.NUMBER,
            spellings=("cutoff",),
        ),
        Column(
            name="reported_at",
            meaning="When the result was reported; needed with `analyte`.",
            form=Form.INSTANT,
            spellings=("reported", "result_time"),
        ),
        Column(
            name="creatinine_mg_dl",
            meaning="Creatinine of the specimen, in mg/dL.",
            form=Form.NUMBER,
            spellings=("creatinine",),
        ),
        Column(
            name="specific_gravity",
            meaning="Specific gravity, such as 1.015.",
            form=Form.NUMBER,
            spellings=("sg", "sp_gravity"),
        ),
        Column(name="ph", meaning="pH.", form=Form.NUMBER),
        Column(name="nitrite_ug_ml", meaning="Nitrite, in µg/mL.", form=Form.NUMBER, spellings=("nitrite",)),
        Column(
            name="foreign_substance",
            meaning="Whether something was found in it that doesn't belong there.",
            form=Form.YES_NO,
            spellings=("adulterant",),
        ),
        *_RECORDING,
    ),
)

TABLES: Final = (PATIENTS, ATTENDANCE, SCREENINGS)


def spelt(table: Table) -> dict[str, Column]:
    """Every plain spelling of its columns → the column."""
    return {name: column for column in table.columns for name in (column.name, *column.spellings)}
