"""The floor of an answer over HTTP: the same server and framework, one SELECT by key, nothing else.

`python -m bench.floor_server --workers N`; the database is named by BENCH_FLOOR_DATABASE, the address comes on stdout.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
import uvicorn
from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from uvicorn.supervisors import Multiprocess

DATABASE: Final = "BENCH_FLOOR_DATABASE"

TABLE: Final[LiteralString] = "CREATE TABLE floor (patient_id uuid NOT NULL PRIMARY KEY, document bytea NOT NULL)"
_DOCUMENT: Final[LiteralString] = "SELECT document FROM floor WHERE patient_id = %s"

Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]


def create_app() -> FastAPI:
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=_lifespan,
    )
    app.add_api_route("/v1/patients/{patient_id}/status", _status, response_model=None)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    pool: Pool = AsyncConnectionPool(
        os.environ[DATABASE], kwargs={"autocommit": True}, min_size=8, max_size=16, open=False
    )
    async with pool:
        await pool.wait()
        app.state.pool = pool
        yield


async def _status(request: Request, patient_id: UUID) -> Response:
    pool: Pool = request.app.state.pool
    async with pool.connection() as connection:
        found = await connection.execute(_DOCUMENT, [patient_id], binary=True)
        row = await found.fetchone()
    if row is None:
        return Response(status_code=404)
    return Response(row[0], media_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.floor_server", description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    workers = parser.parse_args().workers
    # As `stepdown serve` has it.
    config = uvicorn.Config(
        "bench.floor_server:create_app",
        factory=True,
        port=0,
        workers=workers,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    with config.bind_socket() as listener:
        # Listening already, so that whoever reads the address may connect.
        listener.listen()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        if workers == 1:
            uvicorn.Server(config).run(sockets=[listener])
        else:
            Multiprocess(config, [listener]).run()


if __name__ == "__main__":
    main()
