"""Infrastructure, hooks, host.json, code and docs agree, and every file can be read."""

import json
import re
from pathlib import Path

import pytest
import tree_sitter_bicep
from azure.identity.aio import ManagedIdentityCredential
from pycep import BicepParser
from tree_sitter import Language, Parser

import function_app
from instruments import metric_names
from settings_read import names_read
from shared.bootstrap.identity import managed_identity
from shared.config.reader import DEFAULTS
from shared.domain import layout
from shared.domain.log.event import PREFIX, THREAD_LEVEL

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.glob("*.bicep"))
ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Communication and Email Service Owner": "09976791-48a7-449e-bb21-39d1a415f350",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
OF_THE_PLATFORM = {
    "AZURE_TOKEN_CREDENTIALS",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
}
INSTEAD = {"CHAT_STORAGE", "ACS_CONNECTION_STRING"}
"""Settings with keys in them, which an identity stands in for."""
OPTIONAL = {
    "SETTLE_FOR", "LOG_BLOCK_BYTES", "LIST_WITHIN", "FETCH_IMAGES",
    "FETCH_MOST_BYTES", "FETCH_THREAD_FILES", "FETCH_THREAD_BYTES", "FETCH_WITHIN",
    "ARCHIVED_TOPIC_ENDPOINT", "ARCHIVED_TOPIC_KEY", "ACS_CHAT_API_VERSION",
    "ARCHIVED_TOPIC_CLIENT_ID",
}  # fmt: skip
"""Settings whose defaults are good everywhere; the portal can set them."""


def text(name):
    return (INFRA / name).read_text()


def functions():
    return {one.get_function_name(): one for one in function_app.app.get_functions()}


@pytest.fixture(scope="module")
def names():
    """Build the functions once: the library refuses to twice."""
    return functions()


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.name)
def test_every_file_is_read_by_both_parsers(file):
    tree = Parser(Language(tree_sitter_bicep.language())).parse(file.read_bytes())

    assert not tree.root_node.has_error
    assert BicepParser().parse(file_path=file)


def test_every_module_is_used_from_the_top():
    used = set(
        re.findall(r"^module \w+ '([\w-]+\.bicep)'", text("main.bicep"), re.MULTILINE)
    )
    used |= set(
        re.findall(
            r"^module \w+ '([\w-]+\.bicep)'", text("monitoring.bicep"), re.MULTILINE
        )
    )

    assert used | {"main.bicep", "events.bicep"} == {one.name for one in FILES}


def test_the_event_types_are_those_of_the_code():
    subscribed = re.findall(
        r"'(Microsoft\.Communication\.Chat\w+)'", text("events.bicep")
    )

    assert subscribed == list(dict.fromkeys(subscribed))
    assert set(subscribed) == {PREFIX + one for one in THREAD_LEVEL}


def test_events_on_ones_own_machine_are_the_same():
    page = (ROOT / "docs" / "local.md").read_text()
    deployed = re.findall(
        r"'(Microsoft\.Communication\.Chat\w+)'", text("events.bicep")
    )

    commands = re.findall(r"--included-event-types (.*)", page)
    assert [command.split() for command in commands] == [deployed, deployed]
    assert page.count("?functionName=archive_chat_event") >= 3
    assert "--event-delivery-schema cloudeventschemav1_0 " in page
    assert "eventDeliverySchema: 'CloudEventSchemaV1_0'" in text("events.bicep")


def test_functions_are_called_what_they_are(names):
    assert set(names) == {
        "archive_chat_event", "archive_queued_event", "sweep_inactive_threads",
        "finalize_thread",
    }  # fmt: skip
    told = re.findall(
        r'telemetry\.call\("(\w+)"\)', (ROOT / "function_app.py").read_text()
    )
    assert sorted(told) == sorted(names)
    assert "/functions/archive_chat_event'" in text("events.bicep")
    asked = re.search(
        r"^FUNCTIONS = \((.*?)^\)",
        text("hooks/postdeploy.py"),
        re.MULTILINE | re.DOTALL,
    )
    assert re.findall(r'"(\w+)"', asked[1]) == sorted(names)


def names_in(variable):
    """Return the names in a list that main.bicep declares."""
    listed = re.search(
        rf"^var {variable} = \[(.*)\]$", text("main.bicep"), re.MULTILINE
    )
    return re.findall(r"'([\w-]+)'", listed[1])


def test_the_storage_is_what_the_code_expects(names):
    containers = names_in("appContainers") + names_in("otherContainers")
    queues = names_in("queueNames")

    assert sorted(containers) == sorted(
        (
            layout.LOG,
            layout.ARCHIVE,
            layout.CONTROL,
            layout.DEAD_LETTER,
            layout.INSIGHTS,
        )
    )
    triggers = {
        binding.get_dict_repr().get("queueName")
        for function in names.values()
        for binding in function.get_bindings()
    } - {None}
    assert triggers == {layout.FINALIZE_QUEUE, layout.EVENTS_QUEUE}
    assert set(queues) == triggers | {layout.POISON_QUEUE, layout.EVENTS_POISON_QUEUE}
    assert {layout.POISON_QUEUE, layout.EVENTS_POISON_QUEUE} == {
        f"{queue}-poison" for queue in triggers
    }
    assert f"queueName: '{layout.EVENTS_QUEUE}'" in text("events.bicep")
    assert f"/default/{layout.EVENTS_QUEUE}'" in text("event-queue.bicep")
    assert f"blobContainerName: '{layout.DEAD_LETTER}'" in text("events.bicep")
    assert f"/default/{layout.DEAD_LETTER}'" in text("dead-letters.bicep")
    assert f"{layout.ARCHIVE}/{layout.THREAD_PREFIX}" in text("evidence.bicep")
    assert f"/default/{layout.ARCHIVE}'" in text("people.bicep")
    assert "app-package'" in text("function.bicep")


def test_nobody_has_a_role_on_a_whole_account():
    for file in FILES:
        scopes = re.findall(
            r"roleAssignments@[\d-]+' = .*?\n +scope: (\S+)\n",
            file.read_text(),
            re.DOTALL,
        )
        assert "account" not in scopes, file.name
    assert text("storage.bicep").count("roleAssignments@") == 3


def test_only_the_app_writes_what_the_host_runs():
    main = text("main.bicep")
    host = names_in("hostContainers")

    assert host == ["azure-webjobs-hosts", "azure-webjobs-secrets", "app-package"]
    assert not {*host} & {*names_in("appContainers"), *names_in("otherContainers")}
    given = re.search(r"^module people .*?^}", main, re.MULTILINE | re.DOTALL)[0]
    assert "containerNames: concat(appContainers, otherContainers)\n" in given
    assert "hostContainers" not in given


def test_evidence_can_stand_in_an_account_of_its_own():
    main = text("main.bicep")
    of_evidence, of_the_host = (
        re.search(rf"^module {name} .*?^}}", main, re.MULTILINE | re.DOTALL)[0]
        for name in ("storage", "hostStorage")
    )

    assert "hostContainers: useEvidenceAccount ? [] : hostContainers\n" in of_evidence
    assert "if (useEvidenceAccount) {\n" in of_the_host
    assert "appContainers: []\n" in of_the_host
    assert "otherContainers: []\n" in of_the_host
    assert "queueNames: []\n" in of_the_host
    for setting in ("AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint",
                    "CHAT_STORAGE__blobServiceUri: blobEndpoint",
                    "value: '${hostBlobEndpoint}app-package'"):  # fmt: skip
        assert setting in text("function.bicep")


def test_who_wrote_and_who_deleted_is_logged():
    monitoring = text("monitoring.bicep")

    assert "{ category: 'StorageWrite', enabled: logsWrites }" in monitoring
    assert "{ category: 'StorageDelete', enabled: true }" in monitoring
    assert "features: { disableLocalAuth: true }" in monitoring
    assert "param logStorageWrites bool = true\n" in text("main.bicep")


def test_event_grid_alone_may_call_the_app():
    function = text("function.bicep")

    assert "ipSecurityRestrictionsDefaultAction: 'Deny'\n" in function
    assert "tag: 'ServiceTag', ipAddress: 'AzureEventGrid'" in function
    assert (
        "ipSecurityRestrictions: isCalledByEventGrid ? eventGridAlone : []\n"
        in function
    )
    assert "isCalledByEventGrid: useEventGrid && eventDelivery == 'direct'\n" in text(
        "main.bicep"
    )


def test_only_what_is_never_rewritten_can_be_immutable():
    line = re.search(r"var immutableContainers = (.*)", text("evidence.bicep"))[1]

    assert set(re.findall(r"'([\w-]+)'", line)) == {layout.LOG, layout.ARCHIVE}
    assert "allowProtectedAppendWrites: true" in text("evidence.bicep")


def test_the_app_gets_every_setting_and_no_other():
    own = set(re.findall(r"^  ([A-Z]\w+): ", text("function.bicep"), re.MULTILINE))
    block = re.search(r"settings: \{(.*?)\n    \}", text("main.bicep"), re.DOTALL)[1]
    given = own | set(re.findall(r"^      ([A-Z_]+): ", block, re.MULTILINE))
    of_the_host = {one for one in given if one.startswith("AzureWebJobsStorage__")} | {
        "CHAT_STORAGE__credential"
    }

    assert given - of_the_host - OF_THE_PLATFORM == names_read() - INSTEAD - OPTIONAL


def test_the_queue_is_polled_only_where_events_are_put_on_it(names):
    switch, on = re.search(
        r"'AzureWebJobs\.(\w+)\.Disabled': (.*)", text("function.bicep")
    ).groups()
    sample = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]

    assert switch in names
    assert names[switch].get_bindings()[0].queue_name == layout.EVENTS_QUEUE
    assert on == "eventDelivery == 'queue' ? 'false' : 'true'"
    assert sample[f"AzureWebJobs.{switch}.Disabled"] == "true"
    # What Linux refuses in the name of a setting would refuse the whole deployment.
    assert re.fullmatch(r"[\w.]+", f"AzureWebJobs.{switch}.Disabled")


def test_both_ways_to_deliver_are_known_everywhere():
    ways = "@allowed(['direct', 'queue'])\nparam eventDelivery string"

    assert f"{ways} = 'direct'\n" in text("main.bicep")
    assert f"{ways}\n" in text("events.bicep")


def test_events_are_delivered_one_way_only():
    events = text("events.bicep")

    assert "destination: isQueued ? null : byCall\n" in events
    assert "deliveryWithResourceIdentity: isQueued ? byQueue : null\n" in events
    assert "var byCall = {\n  endpointType: 'AzureFunction'\n" in events
    assert "maxEventsPerBatch: 1\n" in events
    assert "queueMessageTimeToLiveInSeconds: -1\n" in events
    assert events.count("identity: { type: 'SystemAssigned' }") == 2
    assert re.search(
        r"^module eventQueue .* if \(useEventGrid && eventDelivery == 'queue'\)",
        text("main.bicep"),
        re.MULTILINE,
    )


def test_nobody_reaches_an_app_that_nobody_has_to_call():
    assert "isReachable = !(useNetworkIsolation && eventDelivery == 'queue')" in text(
        "main.bicep"
    )
    assert "publicNetworkAccess: isReachable ? 'Enabled' : 'Disabled'" in text(
        "function.bicep"
    )
    assert "bypass: 'AzureServices'" in text("storage.bicep")


def test_the_defaults_are_those_of_the_code():
    sample = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    given = dict(
        re.findall(r"^param (\w+) string = '(.*)'$", text("main.bicep"), re.MULTILINE)
    )

    assert given["quietFor"] == sample["QUIET_FOR"]
    assert given["maxOpen"] == sample["MAX_OPEN"]
    assert given["logKeep"] == sample["LOG_KEEP"]
    assert given["keepSuperseded"] == sample["KEEP_SUPERSEDED"]
    assert given["wholePassEvery"] == sample["WHOLE_PASS_EVERY"]
    assert given["sweepSchedule"] == sample["SWEEP_SCHEDULE"]
    assert given["archiveFormats"] == sample["ARCHIVE_FORMATS"]
    assert given["archiveFormats"] == DEFAULTS["ARCHIVE_FORMATS"]


def test_azd_can_set_every_parameter_by_its_name_in_capitals():
    declared = re.findall(
        r"^param (\w+) \w+(?: = (.*))?$", text("main.bicep"), re.MULTILINE
    )
    outputs = re.findall(r"^output (\w+) ", text("main.bicep"), re.MULTILINE)
    given = json.loads(text("main.parameters.json"))["parameters"]
    of_azd = {"environmentName": "AZURE_ENV_NAME", "location": "AZURE_LOCATION"}

    # Its default is made of another parameter, and azd would replace it with nothing.
    computed = {"resourceGroupName"}
    assert list(given) == [one for one, _ in declared if one not in computed]
    for name, default in declared:
        if name in computed:
            continue
        variable = of_azd.get(name) or re.sub("(?<=[a-z])(?=[A-Z])", "_", name).upper()
        assert variable not in outputs
        value = f"${{{variable}={default.strip(chr(39))}}}" if default else None
        assert given[name] == {"value": value or f"${{{variable}}}"}


def test_roles_are_the_least_and_each_says_why():
    everything = "".join(one.read_text() for one in FILES)
    explained = re.findall(
        r"// ([A-Z][\w ]+): [^\n]+(?:\n//[^\n]*)*\nvar \w+ = '([0-9a-f-]{36})'",
        everything,
    )
    ids = re.findall(r"'([0-9a-f]{8}-[0-9a-f-]{27})'", everything)

    assert set(explained) == set(ROLES.items())
    assert ids == [role_id for _, role_id in explained]


def test_the_app_is_its_identity_or_nobody(monkeypatch):
    name, value = re.search(
        r"^  (AZURE_TOKEN_CREDENTIALS): '(.*)'$", text("function.bicep"), re.MULTILINE
    ).groups()
    monkeypatch.setenv(name, value)

    (only,) = managed_identity("some-client-id").credentials

    assert isinstance(only, ManagedIdentityCredential)


def test_nobody_has_a_key():
    everything = "".join(one.read_text() for one in FILES)

    assert "listKeys" not in everything
    assert "AccountKey" not in everything
    assert "allowSharedKeyAccess: false" in everything
    assert "allowBlobPublicAccess: false" in everything
    assert "minimumTlsVersion: 'TLS1_2'" in everything
    assert "disableLocalAuth: true" in everything
    assert "DisableLocalAuth: true" in everything
    assert not re.search(r"@secure|password", everything, re.IGNORECASE)


def test_python_is_the_one_that_is_tested():
    project = (ROOT / "pyproject.toml").read_text()

    assert "runtime: { name: 'python', version: '3.13' }" in text("function.bicep")
    assert "Python :: 3.13" in project
    beyond = re.search(
        r'^requires-python = ">=3\.11,<3\.(\d+)"$', project, re.MULTILINE
    )
    assert int(beyond[1]) > 13


def queries():
    found = {one.name: one.read_text() for one in sorted((INFRA / "queries").iterdir())}
    book = json.loads(text("workbook.json"))
    for item in book["items"]:
        if "query" in item["content"]:
            found[item["name"]] = item["content"]["query"]
    return found


@pytest.mark.parametrize("name", queries())
def test_a_query_asks_for_what_the_code_tells(name, names):
    query = queries()[name]
    asked = set(re.findall(r'"(archiver\.[\w.]+)"', query))
    called = set(re.findall(r'"(\w+_\w+)"', query))
    tables = set(re.findall(r"^(App\w+)$", query, re.MULTILINE))

    assert asked <= metric_names()
    assert called <= set(names)
    assert tables == {"AppMetrics"}
    assert asked


def test_every_metric_is_looked_at_somewhere():
    asked = "".join(queries().values())

    assert [one for one in metric_names() if f'"{one}"' not in asked] == []


def test_every_query_is_an_alert_and_every_alert_is_in_the_runbook():
    alerts = text("alerts.bicep")
    runbook = (ROOT / "docs" / "operations.md").read_text()

    for file in (INFRA / "queries").iterdir():
        assert f"loadTextContent('queries/{file.name}')" in alerts
    names = re.findall(r"^    name: '([a-z-]+)'", alerts, re.MULTILINE)
    assert len(names) == 9
    for name in names:
        assert f"### {name}\n" in runbook


def test_the_runbook_names_commands_that_there_are():
    runbook = (ROOT / "docs" / "operations.md").read_text()
    help_pages = (ROOT / "docs" / "cli.md").read_text()

    for command in set(re.findall(r"(?:^|`)chat-archive (\w+)", runbook, re.MULTILINE)):
        assert f"## `chat-archive {command}`" in help_pages, command


def test_the_runbook_names_options_that_there_are():
    runbook = (ROOT / "docs" / "operations.md").read_text()
    help_pages = (ROOT / "docs" / "cli.md").read_text()
    named = re.findall(
        r"(?:^|`)chat-archive (\w+)[^`\n#]*?(--[\w-]+)", runbook, re.MULTILINE
    )

    assert ("redeliver", "--execute") in named
    for command, option in named:
        page = help_pages.split(f"## `chat-archive {command}`", 1)[1].split("\n## ")[0]
        assert f"  {option}" in page, (command, option)


def test_the_runbook_asks_the_log_for_lines_that_are_written(names):
    runbook = (ROOT / "docs" / "operations.md").read_text()
    code = (ROOT / "function_app.py").read_text()
    failed = re.findall(r'Message startswith "(\w+) failed"', runbook)
    (any_failed,) = re.findall(r'matches regex "\^\((.*)\) failed: "', runbook)

    assert failed
    assert set(failed) <= set(names)
    assert set(any_failed.split("|")) == set(names)
    assert '"finalize: thread %s' in code
    assert '"thread_id": work.thread_id' in code
    assert not re.search(
        r"^App(Requests|Exceptions)|`App(Requests|Exceptions)", runbook
    )
