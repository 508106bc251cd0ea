"""Puts configuration into the sheet: the routes of a profile, and what effects really offer here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.catalogue import Catalogue, CatalogueError
from contracts.sheet import (
    Routes,
    RoutesRequest,
    Sheet,
    SheetRequest,
    StepNumbers,
    resolve_routes,
    resolve_sheet,
)
from contracts.steps import Offers

__all__ = ["SheetActivities", "sheet_of"]


def sheet_of(request: SheetRequest, catalogue: Catalogue, offers: Mapping[str, Offers]) -> Sheet:
    """The numbers that a run started now would get."""

    def as_offered(name: str, numbers: StepNumbers) -> StepNumbers:
        return numbers.model_copy(update={"offers": offers[name]}) if name in offers else numbers

    return Sheet(
        resolved_at=datetime.now(UTC),
        routes=catalogue.routes_of(request.profile),
        steps={name: as_offered(name, numbers) for name, numbers in request.steps.items()},
        escrow=request.escrow,
        thresholds=request.thresholds,
    )


class SheetActivities:
    """Resolves the sheets of runs that start, and the routes that a person sends a parked step along."""

    def __init__(self, catalogue: Catalogue, offers: Mapping[str, Offers]) -> None:
        self._catalogue = catalogue
        self._offers = dict(offers)

    def activities(self) -> list[Callable[..., Any]]:
        return [self.resolve_sheet, self.resolve_routes]

    @activity.defn(name=resolve_sheet.name)
    async def resolve_sheet(self, request: SheetRequest) -> Sheet:
        try:
            return sheet_of(request, self._catalogue, self._offers)
        except CatalogueError as error:
            raise ApplicationError(str(error), type="no_sheet", non_retryable=True) from error

    @activity.defn(name=resolve_routes.name)
    async def resolve_routes(self, request: RoutesRequest) -> Routes:
        try:
            return Routes(routes=self._catalogue.routes_of(request.profile))
        except CatalogueError as error:
            raise ApplicationError(str(error), type="no_routes", non_retryable=True) from error
