"""Many charts by patient, opened as they are looked at, a page at a time, and not kept."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import Final
from uuid import UUID

from domain.chart import Chart

PAGE_CHARTS: Final = 100
"""How many charts are asked for at once."""

OpenPage = Callable[[Sequence[UUID]], Iterable[Chart]]
"""The charts of these patients, best made one by one: who looks at each and lets it go never has two at hand, and the
collector of garbage finds nothing. Who was destroyed since is not among them."""


class PagedCharts(Mapping[UUID, Chart]):
    """To go through all is to open each; whoever needs them twice keeps what it needs. `gone` are those that could not
    be opened so far: they were destroyed since they were listed."""

    def __init__(self, patients: Iterable[UUID], open_page: OpenPage) -> None:
        self._patients = dict.fromkeys(patients)
        self._open_page = open_page
        self.gone: set[UUID] = set()

    def __len__(self) -> int:
        return len(self._patients)

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._patients)

    def __contains__(self, patient_id: object) -> bool:
        return patient_id in self._patients

    def __getitem__(self, patient_id: UUID) -> Chart:
        if patient_id not in self._patients:
            raise KeyError(patient_id)
        for chart in self._opened([patient_id]):
            return chart
        raise KeyError(patient_id)

    def items(self) -> ItemsView[UUID, Chart]:
        return _Items(self)

    def values(self) -> ValuesView[Chart]:
        return _Values(self)

    def opened(self) -> Iterator[Chart]:
        """All of them, in order."""
        patients = list(self._patients)
        for n in range(0, len(patients), PAGE_CHARTS):
            yield from self._opened(patients[n : n + PAGE_CHARTS])

    def _opened(self, patients: Sequence[UUID]) -> Iterator[Chart]:
        missing = set(patients)
        for chart in self._open_page(patients):
            missing.discard(chart.patient_id)
            yield chart
        self.gone |= missing


class _Items(ItemsView[UUID, Chart]):
    _mapping: PagedCharts

    def __iter__(self) -> Iterator[tuple[UUID, Chart]]:
        return ((chart.patient_id, chart) for chart in self._mapping.opened())


class _Values(ValuesView[Chart]):
    _mapping: PagedCharts

    def __iter__(self) -> Iterator[Chart]:
        return self._mapping.opened()
