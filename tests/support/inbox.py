"""A webhook that takes what Event Grid delivers, and what becomes of the rest."""

import json

from aiohttp import web


class Inbox:
    """A webhook that answers by script, then 200."""

    def __init__(self, *script):
        self.script = list(script)
        self.deliveries = []
        self.content_types = []

    async def answer(self, request):
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            (event,) = await request.json()
            code = event["data"]["validationCode"]
            return web.json_response({"validationResponse": code})
        if request.method == "OPTIONS":
            return web.Response(headers={"Webhook-Allowed-Origin": "*"})
        self.deliveries.append(await request.json())
        self.content_types.append(request.content_type)
        status = self.script.pop(0) if self.script else 200
        return web.Response(status=status)


EVENTS = [{"id": str(number)} for number in range(20)]


def ids(inbox):
    return [event["id"] for body in inbox.deliveries for event in body]


def letters_in(folder):
    """Return the events of the one blob of dead letters in a folder."""
    (file,) = (file for file in folder.rglob("*") if file.is_file())
    return json.loads(file.read_bytes())
