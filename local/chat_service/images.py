"""Routes of images: those that Teams sends, and those that are added to a thread.

An image from Teams is fetched from the address that its attachment gives. One of plain
ACS chat is known to the new version only.
"""

from http import HTTPStatus

from aiohttp import web

from local.chat_service.answers import forbidden, not_found, refuse_version
from local.chat_service.service import Service


class Images(Service):
    """Add images to a thread, and fetch them as one who may read it."""

    __slots__ = ()

    async def get_image(self, request: web.Request) -> web.Response:
        self.find(request)
        image = self.world.images.get(request.path)
        if image is None:
            raise not_found()
        return web.Response(body=image, content_type="image/png")

    async def get_view(self, request: web.Request) -> web.Response:
        if not self.is_new(request):
            return refuse_version(request)
        return await self.get_image(request)

    async def upload_image(self, request: web.Request) -> web.Response:
        """Add an image; its small view is the image itself, as nothing here scales."""
        if not self.is_new(request):
            return refuse_version(request)
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        image = self.world.store_image(thread, await request.read())
        body = {"id": image, "attachmentType": "inlineImage"}
        if name := request.headers.get("image-filename"):
            body["name"] = name
        return self.answer(request, body, HTTPStatus.CREATED)
