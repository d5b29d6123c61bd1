"""What the group room answers, written down for `/openapi.json`."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from api.answers import Document, Said


class RosterSession(Document):
    cohort_id: UUID | None
    kind: str = Field(examples=["group"])
    modality: str = Field(examples=["in_person"])
    topic: str | None
    room: str | None
    state: str = Field(examples=["planned", "held", "cancelled"])
    starts_at: datetime
    ends_at: datetime


class RoomNow(Document):
    """Who is noted as in the room. Family members are in no figure; guests after treatment are."""

    patients: int
    staff: int
    qualified_staff: int = Field(description="Those with a credential on the program day.")
    patients_per_staff: int | None = Field(description="At most so many, by the rule set; null where it doesn't say.")
    within_ratio: bool | None


class RosterCounts(Document):
    expected: int
    in_the_room: int
    left: int
    recorded: int


class RosterStaff(Document):
    staff_id: UUID
    name: str | None
    role: str
    qualified: bool
    in_the_room: bool
    arrived_at: datetime | None
    left_at: datetime | None


class RosterPatient(Document):
    """`expected`: in treatment, and in the session's cohort, on the program day. `record`: the attendance on record."""

    patient_id: UUID
    episode_id: UUID | None
    mrn: str | None
    given_name: str | None
    family_name: str | None
    expected: bool
    state: str = Field(examples=["expected", "in_the_room", "left", "recorded"])
    arrived_at: datetime | None
    left_at: datetime | None
    outcome: str | None = Field(examples=["attended"])
    family_members: int | None
    record: str | None = Field(description="`stream@version`.")


class Roster(Said):
    session_id: UUID
    facility: str
    known_at: datetime | None
    position: int
    on: date
    session: RosterSession
    now: RoomNow | None = Field(description="Null once the session is on record as held, or cancelled.")
    counts: RosterCounts
    staff: list[RosterStaff]
    patients: list[RosterPatient]
