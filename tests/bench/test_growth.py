"""Records of a size, made of synthetic lives, and who is asked about in them."""

from __future__ import annotations

from datetime import date

from bench.growth import CHART_FACTS, first_p50, grow, rebuilt_at
from bench.lab import Lab
from bench.lives import last_sunday
from domain.record import stream_name


def test_a_record_is_restored_followed_and_has_patients_in_care(lab: Lab) -> None:
    grown = grow(lab, 8_000)
    assert grown.made.facts > 5_000
    assert min(grown.made.written, grown.made.restored, grown.made.followed) > 0
    assert grown.made.memory < 1_000
    assert len(grown.patients) > 10
    with grown.site.opened(2) as store:
        streams = [stream_name("chart", patient_id) for patient_id, _ in grown.charts]
        for stream, entries in store.ledger("lexington").read(streams).items():
            known_at = dict(zip(streams, (at for _, at in grown.charts), strict=True))[stream]
            assert entries[CHART_FACTS - 1].recorded_at == known_at
    assert first_p50(grown) > 0
    assert rebuilt_at(grown) > 0


def test_a_record_ends_on_a_sunday_that_is_over() -> None:
    assert last_sunday(date(2026, 11, 28)) == date(2026, 11, 22)
    assert last_sunday(date(2026, 11, 29)) == date(2026, 11, 22)
    assert last_sunday(date(2026, 11, 30)) == date(2026, 11, 29)
