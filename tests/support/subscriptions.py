"""Event subscriptions as Azure's management interface lists them."""

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-acme"
TOPIC_ID = f"{GROUP}/providers/Microsoft.EventGrid/systemTopics/evgt-acme"
ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acme"
APP_ID = f"{GROUP}/providers/Microsoft.Web/sites/func-acme"
TYPES = (
    "ChatMessageReceivedInThread",
    "ChatMessageEditedInThread",
    "ChatMessageDeletedInThread",
    "ChatThreadCreated",
    "ChatThreadPropertiesUpdated",
    "ChatThreadDeleted",
    "ChatThreadParticipantAdded",
    "ChatThreadParticipantRemoved",
)


def subscription(account_id=ACCOUNT_ID, **properties):
    dead = {"resourceId": account_id, "blobContainerName": "dead-letter"}
    return {
        "id": f"{TOPIC_ID}/eventSubscriptions/chat-archiver",
        "name": "chat-archiver",
        "type": "Microsoft.EventGrid/systemTopics/eventSubscriptions",
        "properties": {
            "provisioningState": "Succeeded",
            "filter": {
                "subjectBeginsWith": "",
                "subjectEndsWith": "",
                "includedEventTypes": [
                    f"Microsoft.Communication.{name}" for name in TYPES
                ],
            },
            "eventDeliverySchema": "CloudEventSchemaV1_0",
            "deadLetterWithResourceIdentity": {
                "identity": {"type": "SystemAssigned"},
                "deadLetterDestination": {
                    "endpointType": "StorageBlob",
                    "properties": dead,
                },
            },
            **properties,
        },
    }


def by_call(account_id=ACCOUNT_ID):
    """Return one that calls the function."""
    function = f"{APP_ID}/functions/archive_chat_event"
    properties = {"resourceId": function, "maxEventsPerBatch": 1}
    destination = {"endpointType": "AzureFunction", "properties": properties}
    return subscription(account_id, destination=destination)


def by_queue(account_id=ACCOUNT_ID):
    """Return one that puts events on the queue."""
    properties = {"resourceId": account_id, "queueName": "chat-events"}
    destination = {"endpointType": "StorageQueue", "properties": properties}
    identity = {"type": "SystemAssigned"}
    delivery = {"identity": identity, "destination": destination}
    return subscription(account_id, deliveryWithResourceIdentity=delivery)
