"""The timer trigger: six-field NCRONTAB schedules; runs never overlap."""

import asyncio
import logging
from datetime import UTC, datetime

from croniter import croniter

from local.host.admin import timer_payload
from local.host.configuration import resolve
from local.host.worker import InvocationFailed, Trigger, Worker

logger = logging.getLogger("host")


class TimerListener:
    """Runs one function on its schedule, in UTC."""

    def __init__(self, worker: Worker, trigger: Trigger) -> None:
        """Read the schedule that the binding names.

        Raises:
            MissingSetting: the schedule names a setting that does not exist.
            ValueError: it is not a schedule.

        """
        self.worker = worker
        self.function = trigger.function
        self.schedule = resolve(trigger.binding["schedule"])
        is_schedule = croniter.is_valid(self.schedule, second_at_beginning=True)
        if not is_schedule or len(self.schedule.split()) != 6:
            raise ValueError(f"{self.schedule!r} is not a six-field schedule")

    async def run(self) -> None:
        while True:
            now = datetime.now(UTC)
            ticks = croniter(self.schedule, now, second_at_beginning=True)
            due: datetime = ticks.get_next(datetime)
            await asyncio.sleep((due - now).total_seconds())
            try:
                await self.worker.invoke(self.function, timer_payload(), {})
            except InvocationFailed as error:
                logger.error("%s failed: %s", self.function, error)  # noqa: TRY400 - the worker has the traceback
