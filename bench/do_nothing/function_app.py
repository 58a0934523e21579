"""A function that does nothing with its event: the cost of host and worker alone."""

import azure.functions as func

app = func.FunctionApp()


@app.function_name("archive_chat_event")
@app.event_grid_trigger(arg_name="event")
async def archive_chat_event(event: str) -> None:
    """Receive the event and do nothing."""
