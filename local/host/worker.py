"""The worker: indexes `function_app.py` and invokes its functions.

`LibraryWorker` uses azure-functions alone: its decorators declare the functions, its
converters decode the triggers' payloads. `RuntimeWorker` uses the code of the worker
that Azure runs (azure-functions-runtime, Python 3.13 and later).
"""

import importlib
import inspect
import json
import sys
import types
import typing
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import azure.functions as func
from azure.functions import meta

EVENT_GRID, QUEUE, TIMER = "eventGridTrigger", "queueTrigger", "timerTrigger"


class InvocationFailed(Exception):
    """The function raised; the text is the exception's."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What the host passes to a worker: a datum's type and value."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A function's only trigger binding, as its decorator declares it."""

    function: str
    argument: str
    type: str
    binding: Mapping[str, Any]


class Worker(Protocol):
    @property
    def triggers(self) -> Mapping[str, Trigger]:
        """Every function's trigger, by the function's name."""
        ...

    async def invoke(
        self, name: str, payload: Payload, metadata: Mapping[str, Payload]
    ) -> None:
        """Run a function.

        Raises:
            InvocationFailed: the function raised.

        """
        ...


def read_trigger(function: Any) -> Trigger:
    (binding,) = [
        binding
        for binding in map(json.loads, function.get_raw_bindings())
        if binding["type"].endswith("Trigger")
    ]
    return Trigger(
        function=function.get_function_name(),
        argument=binding["name"],
        type=binding["type"],
        binding=binding,
    )


class LibraryWorker:
    """Runs the app with nothing but the azure-functions library."""

    def __init__(self, folder: Path) -> None:
        """Index the app in `folder`, as the host does at its start."""
        module = import_app(folder)
        (app,) = [
            value
            for value in vars(module).values()
            if isinstance(value, func.FunctionApp)
        ]
        functions = app.get_functions()
        self.triggers: Mapping[str, Trigger] = {
            trigger.function: trigger
            for trigger in (read_trigger(f) for f in functions)
        }
        self.functions = {f.get_function_name(): f for f in functions}
        self.converters = {
            name: self.converter(name, trigger)
            for name, trigger in self.triggers.items()
        }

    def converter(self, name: str, trigger: Trigger) -> Any:
        """Return the converter for a trigger; None for `str` or `bytes`.

        Raises:
            TypeError: the library's converter does not support the annotated type.

        """
        user_function = self.functions[name].get_user_function()
        annotation = typing.get_type_hints(user_function).get(trigger.argument)
        if annotation in (str, bytes):
            return None
        converter = func.get_binding_registry().get(trigger.type)
        if not converter.check_input_type_annotation(annotation):
            raise TypeError(f"{name}: {trigger.argument} cannot be {annotation}")
        return converter

    async def invoke(
        self, name: str, payload: Payload, metadata: Mapping[str, Payload]
    ) -> None:
        trigger = self.triggers[name]
        converter = self.converters[name]
        value = payload.value
        if converter is not None:
            value = converter.decode(
                meta.Datum(payload.value, payload.type),
                trigger_metadata={
                    key: meta.Datum(datum.value, datum.type)
                    for key, datum in metadata.items()
                },
            )
        try:
            result = self.functions[name].get_user_function()(
                **{trigger.argument: value}
            )
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:
            raise InvocationFailed(f"{type(error).__name__}: {error}") from error
        if result is not None:
            raise InvocationFailed(f"{name} returned a value without a $return binding")


class RuntimeWorker:
    """Runs the app with the code of Azure's own worker."""

    def __init__(self, folder: Path) -> None:
        """Import the runtime; `start` indexes the app."""
        self.folder = folder
        self.triggers: dict[str, Trigger] = {}
        self.ids: dict[str, str] = {}

    async def start(self) -> None:
        """Index the app with the messages of a real start.

        Raises:
            InvocationFailed: the app could not be indexed.

        """
        from azure_functions_runtime import handle_event
        from azure_functions_runtime.utils.threadpool import start_threadpool_executor

        import_app(self.folder)
        request = types.SimpleNamespace(
            worker_init_request=types.SimpleNamespace(
                capabilities={}, function_app_directory=str(self.folder)
            )
        )
        properties = {"host": "127.0.0.1", "protos": PROTOS}
        answer = await handle_event.worker_init_request(
            types.SimpleNamespace(request=request, properties=properties)
        )
        if answer.result.status != PROTOS.StatusResult.Success:
            raise InvocationFailed(f"indexing failed: {answer.result.exception}")
        metadata = await handle_event.functions_metadata_request(None)
        for function in metadata.function_metadata_results:
            (binding,) = map(json.loads, function.raw_bindings)
            self.ids[function.name] = function.function_id
            self.triggers[function.name] = Trigger(
                function=function.name,
                argument=binding["name"],
                type=binding["type"],
                binding=binding,
            )
        start_threadpool_executor()

    async def invoke(
        self, name: str, payload: Payload, metadata: Mapping[str, Payload]
    ) -> None:
        from azure_functions_runtime.bindings.datumdef import Datum
        from azure_functions_runtime.native_invocation import invocation_request_native

        ok, _, _, failure, _ = await invocation_request_native(
            str(uuid.uuid4()),
            self.ids[name],
            [(self.triggers[name].argument, Datum(payload.value, payload.type))],
            {key: Datum(datum.value, datum.type) for key, datum in metadata.items()},
        )
        if not ok:
            raise InvocationFailed(str(failure))


def import_app(folder: Path) -> types.ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module("function_app")


def record_class(name: str, **constants: Any) -> type:
    """Return a class that stores its keyword arguments, as a protobuf message does."""

    def store(self: Any, **fields: Any) -> None:
        vars(self).update(fields)

    return type(name, (), {"__init__": store, **constants})


PROTOS = types.SimpleNamespace(
    BindingInfo=record_class("BindingInfo", undefined=0, inout=2, out=1),
    FunctionMetadataResponse=record_class("FunctionMetadataResponse"),
    RpcException=record_class("RpcException"),
    RpcFunctionMetadata=record_class("RpcFunctionMetadata"),
    RpcRetryOptions=record_class("RpcRetryOptions"),
    StatusResult=record_class("StatusResult", Failure=0, Success=1),
    WorkerInitResponse=record_class("WorkerInitResponse"),
    WorkerMetadata=record_class("WorkerMetadata"),
)
"""Stand-ins for the messages that the runtime builds while it indexes the app."""


async def start_worker(folder: Path, kind: str) -> Worker:
    """Return a worker that has indexed the app: `library` or `runtime`."""
    if kind == "library":
        return LibraryWorker(folder)
    worker = RuntimeWorker(folder)
    await worker.start()
    return worker
